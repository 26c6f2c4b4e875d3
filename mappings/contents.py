"""What a description says, as hashes and counts: two versions of it are compared, not kept; pure.

Formatting, white space, ticked boxes, tracking parts of links and the order of lines are no part
of it. An acceptance section counts item by item.
"""

import re
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mappings import adf
from mappings.text import clean, plain, untracked

#: Characters of a description that are looked at; nobody reads more.
LIMIT = 200_000

_CHECK = re.compile(r"^\s*(?:[-*+]\s+|\d+[.)]\s+)*(?:\[[ xX*]?\]|\((?:[xX/!]|[*]g?)\))\s+")
_HEADING = {
    # Wiki notation numbers its lists with what is a heading in Markdown.
    "wiki": re.compile(r"^\s*h[1-6]\.\s+"),
    "markdown": re.compile(r"^\s{0,3}#{1,6}\s+"),
}
_ITEM = {
    "wiki": re.compile(r"^\s*(?:[-*#]+|\d+[.)])\s+"),
    "markdown": re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+"),
}
#: A line that is bold as a whole stands for a heading.
_BOLD = re.compile(r"^\s*(\*{1,2}|__)(?=\S)(?P<text>[^*_]+)\1\s*:?\s*$")
_ACCEPTANCE = re.compile(
    r"^(?:acceptance(?: criteri(?:a|on)| tests?| conditions?)?|conditions? of acceptance"
    r"|definition of done|done when|acs?|dod)$"
)
_WORD = re.compile(r"[^\W_]+(?:[-'.:/@=?&]+[^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Contents:
    """One version of a description."""

    #: count of all its tokens.
    tokens: int
    #: 32-bit hashes of its distinct tokens, sorted.
    sketch: tuple[int, ...]
    #: hashes of its acceptance items, sorted; None: no part of it is marked as such.
    acceptance: tuple[int, ...] | None
    #: its lines without what only formats.
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drift:
    """How far one version is from another."""

    #: Jaccard distance of the two sets of tokens, 0 to 1.
    distance: float
    #: tokens that only one of them has.
    changed: int
    #: acceptance items that only the later one has, and only the earlier one.
    added: int
    removed: int


def contents(value: Any, markup: str) -> Contents:
    """What a text of this markup (`wiki`, `markdown`) or an Atlassian document says."""
    lines = _of_document(value) if adf.is_document(value) else _of_text(value, markup)
    kept = [(kind, flat) for kind, line in lines if (flat := _flat(line))]
    words = [word for _, line in kept for word in _WORD.findall(line)]
    return Contents(
        tokens=len(words),
        sketch=tuple(sorted(_hashes(set(words)))),
        acceptance=_acceptance(kept),
        lines=tuple(line for _, line in kept),
    )


def drift(before: Contents, after: Contents) -> Drift:
    """The difference between two versions."""
    old, new = set(before.sketch), set(after.sketch)
    changed = len(old ^ new)
    added, removed = _difference(before.acceptance, after.acceptance)
    return Drift(changed / (len(old | new) or 1), changed, added, removed)


def _difference(before: tuple[int, ...] | None, after: tuple[int, ...] | None) -> tuple[int, int]:
    old, new = Counter(before or ()), Counter(after or ())
    return (new - old).total(), (old - new).total()


def _of_text(value: Any, markup: str) -> Iterable[tuple[str, str]]:
    """(kind, text) of each line: heading, check, item or text."""
    if not isinstance(value, str):
        return
    heading, item = _HEADING[markup], _ITEM[markup]
    for line in clean(value[:LIMIT]).splitlines():
        bold = _BOLD.match(line)
        if bold is not None:
            yield "heading", bold["text"]
        elif (mark := heading.match(line)) is not None:
            yield "heading", _told(line[mark.end() :], markup)
        elif (mark := _CHECK.match(line)) is not None:
            yield "check", _told(line[mark.end() :], markup)
        elif (mark := item.match(line)) is not None:
            yield "item", _told(line[mark.end() :], markup)
        else:
            yield "text", _told(line, markup)


def _told(line: str, markup: str) -> str:
    return (plain(line) or "") if markup == "wiki" else line


_LISTS = {"bulletList": "item", "orderedList": "item", "taskList": "check"}


def _of_document(document: Any) -> Iterable[tuple[str, str]]:
    for node in document.get("content") or ():
        kind = node.get("type") if isinstance(node, dict) else None
        if kind == "heading":
            yield "heading", adf.text_of(node).strip()
        elif isinstance(kind, str) and kind in _LISTS and isinstance(node.get("content"), list):
            for child in node["content"]:
                yield _LISTS[kind], " ".join(adf.text_of(child).split())
        else:
            for line in adf.text_of(node).splitlines():
                yield "text", line


def _flat(line: str) -> str:
    """The line in small letters without marks, and with single blanks."""
    words = (word.strip("*_+^~|{}[]#!`>()\"'.,;:?") for word in untracked(line).casefold().split())
    return " ".join(word for word in words if word)


def _acceptance(lines: list[tuple[str, str]]) -> tuple[int, ...] | None:
    section: list[tuple[str, str]] = []
    inside = marked = False
    for kind, line in lines:
        named = kind in ("heading", "text") and _ACCEPTANCE.match(line) is not None
        if named or kind == "heading":
            inside = named
            marked = marked or named
        elif inside:
            section.append((kind, line))
    listed = [line for kind, line in section if kind in ("check", "item")]
    checks = [line for kind, line in lines if kind == "check"]
    if marked:
        return tuple(sorted(_hashes(listed or [line for _, line in section])))
    # Boxes to tick say themselves what has to be fulfilled; one alone is a note.
    return tuple(sorted(_hashes(checks))) if len(checks) > 1 else None


def _hashes(texts: Iterable[str]) -> Iterable[int]:
    return (zlib.crc32(text.encode("utf-8", "replace")) for text in texts)
