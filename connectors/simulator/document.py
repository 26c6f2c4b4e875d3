"""The few kinds of wiki mark-up that the company uses, as an Atlassian document (ADF)."""

import re
from typing import Any

_HEADING = re.compile(r"h([1-6])\. (.*)")
_INLINE = re.compile(r"\[~accountid:(?P<mention>[^\]]+)\]|\*(?P<strong>[^*]+)\*|:\)|:\(")
_EMOJI = {":)": ":slight_smile:", ":(": ":disappointed:"}
Node = dict[str, Any]


def document(text: str) -> Node | None:
    """The document of a description; None for an empty one, as Jira sends it."""
    content: list[Node] = []
    lines = iter(text.splitlines())
    for line in lines:
        if line == "{code}":
            code = []
            for inner in lines:
                if inner == "{code}":
                    break
                code.append(inner)
            content.append({"type": "codeBlock", "attrs": {}, "content": [_text("\n".join(code))]})
        elif heading := _HEADING.fullmatch(line):
            level = {"level": int(heading[1])}
            content.append({"type": "heading", "attrs": level, "content": _inline(heading[2])})
        elif line.startswith("* "):
            item = {"type": "listItem", "content": [_paragraph(line[2:])]}
            if content and content[-1]["type"] == "bulletList":
                content[-1]["content"].append(item)
            else:
                content.append({"type": "bulletList", "content": [item]})
        elif line == "----":
            content.append({"type": "rule"})
        elif line:
            content.append(_paragraph(line))
    return {"version": 1, "type": "doc", "content": content} if content else None


def _paragraph(line: str) -> Node:
    return {"type": "paragraph", "content": _inline(line)}


def _text(text: str, **more: Any) -> Node:
    return {"type": "text", "text": text, **more}


def _inline(line: str) -> list[Node]:
    out: list[Node] = []
    at = 0
    for match in _INLINE.finditer(line):
        if match.start() > at:
            out.append(_text(line[at : match.start()]))
        if match["mention"]:
            out.append({"type": "mention", "attrs": {"id": match["mention"], "text": "@Somebody"}})
        elif match["strong"]:
            out.append(_text(match["strong"], marks=[{"type": "strong"}]))
        else:
            out.append({"type": "emoji", "attrs": {"shortName": _EMOJI[match[0]]}})
        at = match.end()
    if at < len(line):
        out.append(_text(line[at:]))
    return out
