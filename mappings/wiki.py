"""Jira's wiki notation as plain text, near enough to tell whether what a reader sees changed."""

import re

#: {code:java}, {noformat}, {color:red}, {quote}, {panel:title=…}: the marks, not the contents.
_MACRO = re.compile(
    r"\{(?:code|noformat|color|quote|panel|anchor|expand|section|column)(?::[^{}\n]*)?\}"
)
#: [text|address] and [text|address|tip].
_LINK = re.compile(r"\[([^\[\]\n|]+)\|[^\[\]\n]+\]")
#: !image.png|width=300!
_IMAGE = re.compile(r"!([^!\s|]+)\|[^!\n]*!")
#: Headings, quotes and list marks at the beginning of a line.
_LINE = re.compile(r"\n[ \t]*(?:h[1-6]\.|bq\.|-+(?=\s|$))")


def text_of(source: str) -> str:
    """The text without macros, link targets and line marks.

    Marks of one character (`*bold*`, `_italic_`, table cells) stay: `text.identity` drops those.
    """
    if "{" in source:
        source = _MACRO.sub("", source)
    if "|" in source:
        source = _IMAGE.sub(r"\1", _LINK.sub(r"\1", source))
    if ". " in source or "-" in source:
        source = _LINE.sub("\n", f"\n{source}")[1:]
    return source
