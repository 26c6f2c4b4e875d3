"""Make text from other systems safe to show: no control, bidi or invisible characters."""

import re
import unicodedata
from urllib.parse import urlsplit

#: Longest text of one title or sentence that a report shows, characters.
LONGEST = 600
#: Joiners that scripts and emoji need, although they are format characters.
_JOINERS = frozenset("\u200c\u200d")
#: More marks than these on one letter are a trick, not a language.
_MARKS = 4
_SPACES = re.compile(r"\s+")


def clean(text: object, limit: int = LONGEST) -> str:
    """One line without control, bidi, invisible or unpaired characters, at most `limit` long.

    Line breaks, tabs and controls become one space; a cut text ends with "…".
    """
    return _cut(_SPACES.sub(" ", visible(str(text))).strip(), limit)


def visible(line: str) -> str:
    """One line as `clean` gives it, with its blanks and its whole length."""
    if line.isascii() and line.isprintable():
        return line
    kept: list[str] = []
    marks = 0
    for char in line:
        category = unicodedata.category(char)
        if category in ("Cc", "Zl", "Zp"):
            kept.append(" ")
        elif category == "Cs" or (category == "Cf" and char not in _JOINERS):
            continue
        elif category in ("Mn", "Me"):
            marks += 1
            if marks <= _MARKS:
                kept.append(char)
            continue
        else:
            kept.append(char)
        marks = 0
    return "".join(kept)


def _cut(line: str, limit: int) -> str:
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def clean_url(url: str | None) -> str | None:
    """The address if a report may link to it, else None.

    Only http and https, with a host, without user or password, and free of anything that `clean`
    would take away.
    """
    if not url or clean(url, 4000) != url or re.search(r"[\s<>\"'\\^`{|}]", url):
        return None
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return None
    return url


#: A cell that begins so is a formula for a spreadsheet, in the wide forms of some keyboards too.
#: Where lists are parted by semicolons, a spreadsheet also begins a cell after each.
_FORMULA = re.compile("(^|;)([\\s\"']*)(?=[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20])")


def cell(text: str) -> str:
    """The text as no spreadsheet runs it: what would be a formula gets an apostrophe before it."""
    return _FORMULA.sub(r"\1'\2", text)
