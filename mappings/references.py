"""What texts, branch names and commit messages of a change refer to: as written, not looked up.

Whether a key's project exists, and which server it belongs to, is decided over all systems later.
Candidates are therefore taken generously (`UTF-8` is one), and what would close or implement
something is told apart from what merely mentions it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from mappings.code_records import Reference
from mappings.text import clean
from mappings.vocabulary import RefKind, RefSource

#: More distinct keys than this in one text are a list of contents (a release, a merge of many).
MANY = 10
#: Characters of a text that are read; hosts cut bodies at about a third of it.
_LONGEST = 200_000
#: Characters shown before and after a reference.
_AROUND = 30


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one host reads as closing."""

    #: a closing keyword, directly before a reference.
    closing: re.Pattern[str]
    #: one keyword closes all of "#1, #2 and #3".
    lists: bool
    #: `!3` is a reference.
    merge_requests: bool


GITHUB = Dialect(
    re.compile(r"(?i)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\b[ \t]*:?\s*$"),
    lists=False,
    merge_requests=False,
)
GITLAB = Dialect(
    re.compile(
        r"(?i)\b(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)"
        r"|implement(?:s|ed|ing)?)\b[ \t]*:?\s+(?:issues?\s+)?$"
    ),
    lists=True,
    merge_requests=True,
)

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_FENCE = re.compile(r"^[ ]{0,3}(`{3,}|~{3,})[^\n]*\n.*?(?:^[ ]{0,3}\1[`~]*[ \t]*$|\Z)", re.M | re.S)
_INLINE = re.compile(r"(`+)(?!`)[^\n]*?[^`\n]\1(?!`)")
_QUOTE = re.compile(r"^[ ]{0,3}>[^\n]*$", re.MULTILINE)

_URL = re.compile(r"https?://[^\s<>()\[\]{}\"'`|]+")
#: An issue, a pull request or a merge request at an address.
_HOSTED = re.compile(r"^https?://[^/]+/[^?#]+?/(?:issues|pull|merge_requests|work_items)/\d+")
#: An item of Jira at an address.
_BROWSE = re.compile(r"^https?://[^?#]+/browse/[A-Za-z][A-Za-z0-9_]+-[1-9]\d*")
_QUALIFIED = re.compile(r"(?<![\w./-])(?:[\w.-]+/)+[\w.-]+[#!][1-9]\d*(?!\w)")
_NUMBER = re.compile(r"(?<![\w&/#!.-])#[1-9]\d*(?!\w)")
_MERGE = re.compile(r"(?<![\w&/#!.-])![1-9]\d*(?!\w)")
_KEY = re.compile(r"(?<![A-Za-z0-9])[A-Z][A-Z0-9_]+-[1-9]\d*(?![A-Za-z0-9])")
_BRANCH_KEY = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9_]+-[1-9]\d*(?![A-Za-z0-9])")

_BETWEEN = re.compile(r"^\s*(?:,\s*and\b|,|and\b|&)?\s*(?:issues?\s+)?$", re.IGNORECASE)
_REVERT_TITLE = re.compile(r'\s*(?:Revert\s*"\s*)+', re.IGNORECASE)
_REVERT_WORD = re.compile(r'Revert\s*"', re.IGNORECASE)
_REVERTED_COMMIT = re.compile(r"\breverts commit ([0-9a-f]{7,64})\b", re.IGNORECASE)
#: "Reverts owner/name#12", "This reverts merge request !12".
_REVERTS = re.compile(r"(?i)\breverts?(?:\s+(?:pull|merge)\s+request)?[ \t]*:?\s*$")
#: "Depends on !12", "blocked by APO-3": this waits for that, and does not work on it.
_DEPENDS = re.compile(
    r"(?i)\b(?:depends?|depending|dependent|relies|blocked|waits?|waiting)\s+(?:up)?(?:on|by|for)"
    r"[ \t]*:?\s*$"
)
_REVERT_BRANCH = re.compile(r"(?:^|/)revert-([1-9]\d*)-")
_MERGE_SUBJECT = re.compile(r"^Merge\s+(?:pull request|branch|remote-tracking|tag|commit)\b")

_Form = Literal["address", "key", "number"]


@dataclass(frozen=True, slots=True)
class _Found:
    start: int
    end: int
    target: str
    form: _Form


def find(
    text: str, source: RefSource, *, dialect: Dialect = GITHUB, by_bot: bool = False
) -> tuple[Reference, ...]:
    """References in a text of this source, in the order in which they stand, each target once.

    `by_bot`: the text quotes change logs of others, so bare numbers are left out and nothing in it
    closes anything. Code, quotes and HTML comments are not read.
    """
    if not text:
        return ()
    text = text[:_LONGEST]
    if source is RefSource.BRANCH:
        return unique(_in_branch(text))
    shown = text if source is RefSource.TITLE else _readable(text)
    return unique(_in_text(shown, source, dialect, by_bot))


def unique(references: Iterable[Reference]) -> tuple[Reference, ...]:
    """Each target once per source, with the strongest of its claims."""
    held: dict[tuple[RefSource, str], Reference] = {}
    for one in references:
        place = (one.source, one.target)
        before = held.get(place)
        if before is None or _STRENGTH[one.kind] > _STRENGTH[before.kind]:
            held[place] = one
    return tuple(held.values())


_STRENGTH = {
    RefKind.MENTIONS: 0,
    RefKind.IMPLEMENTS: 1,
    RefKind.DEPENDS_ON: 2,
    RefKind.CLOSES: 3,
    RefKind.REVERTS: 4,
}


def _readable(text: str) -> str:
    """The text with code, quotes and comments struck out; positions stay."""
    for pattern in (_COMMENT, _FENCE, _INLINE, _QUOTE):
        text = pattern.sub(_strike, text)
    return text


def _strike(found: re.Match[str]) -> str:
    # No blank: a word before it does not speak of what stands after it.
    return "".join("\n" if one == "\n" else "\x01" for one in found[0])


def _in_branch(name: str) -> Iterator[Reference]:
    span = clean(name[:255])
    reverted = _REVERT_BRANCH.search(name)
    if reverted:
        yield Reference(RefKind.REVERTS, RefSource.BRANCH, f"#{reverted[1]}", span=span)
        name = name[reverted.end() :]
    kind = RefKind.MENTIONS if reverted else RefKind.IMPLEMENTS
    for found in _BRANCH_KEY.finditer(name):
        for key in _candidates(found[0]):
            yield Reference(kind, RefSource.BRANCH, key, span=span)


def _candidates(key: str) -> Iterator[str]:
    """A key, and what is left of it after each underscore: `fix_ABC-1` may mean `ABC-1`."""
    yield key
    while "_" in key.rpartition("-")[0]:
        key = key.partition("_")[2]
        if re.match(r"[A-Za-z][A-Za-z0-9_]+-", key):
            yield key


def _in_text(text: str, source: RefSource, dialect: Dialect, by_bot: bool) -> Iterator[Reference]:
    found = sorted(_all(text, dialect), key=lambda one: one.start)
    for reverted in _REVERTED_COMMIT.finditer(text):
        span = _around(text, reverted.start(), reverted.end())
        yield Reference(RefKind.REVERTS, source, reverted[1].lower(), span=span)
    is_commit = source is RefSource.COMMIT
    many = len({one.target for one in found if one.form == "key"}) > MANY
    weak = by_bot or many or (is_commit and _MERGE_SUBJECT.match(text) is not None)
    title_reverts = _reverts(text.partition("\n")[0])
    subject_end = len(text.partition("\n")[0])
    closing = False
    end = 0
    for one in found:
        before = text[max(0, one.start - 40) : one.start]
        follows = closing and (dialect.lists or one.form == "key")
        closing = dialect.closing.search(before) is not None or (
            follows and _BETWEEN.match(text[end : one.start]) is not None
        )
        end = one.end
        if by_bot and one.form == "number" and one.target[0] in "#!":
            continue
        in_subject = one.end <= subject_end and (is_commit or source is RefSource.TITLE)
        if (in_subject and title_reverts) or _REVERTS.search(before):
            kind = RefKind.REVERTS
        elif _DEPENDS.search(before) and not by_bot:
            kind = RefKind.DEPENDS_ON
        elif closing and not by_bot:
            kind = RefKind.CLOSES
        elif one.form == "key" and not weak and (in_subject or not is_commit):
            kind = RefKind.IMPLEMENTS
        else:
            kind = RefKind.MENTIONS
        yield Reference(kind, source, one.target, span=_around(text, one.start, one.end))


def _reverts(subject: str) -> bool:
    """Whether a subject takes something back: `Revert "…"`, but not a revert of a revert."""
    begin = _REVERT_TITLE.match(subject)
    return begin is not None and len(_REVERT_WORD.findall(begin[0])) % 2 == 1


def _all(text: str, dialect: Dialect) -> Iterator[_Found]:
    """Every reference with its place; what stands in an address is no reference of its own."""
    rest = text
    if "://" in text:
        for found in _URL.finditer(text):
            hosted, browse = _HOSTED.match(found[0]), _BROWSE.match(found[0])
            if hosted:
                yield _Found(found.start(), found.end(), hosted[0], "address")
            elif browse:
                yield _Found(found.start(), found.end(), browse[0], "key")
        rest = _URL.sub(_strike, text)
    if "#" in rest or "!" in rest:
        for found in _QUALIFIED.finditer(rest):
            if "!" not in found[0] or dialect.merge_requests:
                yield _Found(found.start(), found.end(), found[0], "number")
        rest = _QUALIFIED.sub(_strike, rest)
        for pattern in (_NUMBER, _MERGE) if dialect.merge_requests else (_NUMBER,):
            for found in pattern.finditer(rest):
                yield _Found(found.start(), found.end(), found[0], "number")
    if "-" in rest:
        for found in _KEY.finditer(rest):
            for key in _candidates(found[0]):
                yield _Found(found.end() - len(key), found.end(), key, "key")


def _around(text: str, start: int, end: int) -> str:
    span = text[max(0, start - _AROUND) : end + _AROUND]
    return clean(" ".join(span.split()))
