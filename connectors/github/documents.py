"""The GraphQL documents that are sent: files of `queries/`, put together with what they use."""

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

#: How a fragment is used in a document.
_USE = re.compile(r"\.\.\.\s*([A-Z]\w*)")
_DEFINED = re.compile(r"^fragment (\w+) on", re.MULTILINE)
#: Files that define fragments.
_FRAGMENT_FILES = (
    "who",
    "item",
    "item_type",
    "event",
    "event_type",
    "history",
    "change",
    "details",
    "newest",
    "project_item",
)
#: Root fields of a document that asks for several numbers at once: name -> (field, fragment).
_NUMBERED = {"histories": ("issue", "History"), "details": ("pullRequest", "Details")}


@cache
def document(name: str, newer: bool = False) -> str:
    """The document of a file, with every fragment it uses.

    `newer`: the server's schema knows duplicates, dependencies, and types of issues.
    """
    return _complete(_file(name), newer)


@cache
def numbered(name: str, count: int, newer: bool = False) -> str:
    """A document that asks for `count` issues or pull requests by number, `$n0` and on.

    Its answers stand under the aliases `a0` and on, in the order of the numbers.
    """
    field, fragment = _NUMBERED[name]
    events = (
        "$events: [IssueTimelineItemsItemType!]"
        if name == "histories"
        else "$changeEvents: [PullRequestTimelineItemsItemType!]"
    )
    numbers = " ".join(f"$n{i}: Int!" for i in range(count))
    extra = "" if name == "histories" else " databaseId fullDatabaseId number updatedAt"
    fields = "\n".join(
        f"      a{i}: {field}(number: $n{i}) {{ ...{fragment}{extra} }}" for i in range(count)
    )
    text = (
        f"query {name.capitalize()}($repository: ID! {numbers} {events}) {{\n"
        "  rateLimit { limit remaining resetAt cost }\n"
        "  node(id: $repository) {\n    ... on Repository {\n      databaseId\n"
        f"{fields}\n    }}\n  }}\n}}\n"
    )
    return _complete(text, newer)


@cache
def newest(count: int) -> str:
    """A document that asks what changed last in `count` repositories, `$r0` and on."""
    ids = " ".join(f"$r{i}: ID!" for i in range(count))
    fields = "\n".join(f"  a{i}: node(id: $r{i}) {{ ...Newest }}" for i in range(count))
    return _complete(
        f"query Newest({ids}) {{\n  rateLimit {{ limit remaining resetAt cost }}\n{fields}\n}}\n",
        False,
    )


def _complete(text: str, newer: bool) -> str:
    """The text with the fragments it uses, and those which they use."""
    known = _fragments()
    parts: dict[str, str] = {}
    text = _with_newer(text, newer)
    waiting = _USE.findall(text)
    while waiting:
        name = waiting.pop()
        if name in parts:
            continue
        parts[name] = _with_newer(known[name], newer)
        waiting.extend(_USE.findall(parts[name]))
    return "\n".join((text, *(parts[name] for name in sorted(parts))))


def _with_newer(text: str, newer: bool) -> str:
    if not newer:
        return text.replace("(enableDuplicate: true)", "")
    return re.sub(
        r"\.\.\.(Item|Event)\b(?! on)",
        lambda found: "...Item ...ItemType" if found[1] == "Item" else "...Event ...TypeEvent",
        text,
    )


@cache
def _fragments() -> dict[str, str]:
    return {name: text for file in _FRAGMENT_FILES for name, text in _defined(_file(file))}


def _defined(text: str) -> Iterable[tuple[str, str]]:
    starts = [*_DEFINED.finditer(text)]
    ends = [*(one.start() for one in starts[1:]), len(text)]
    for start, end in zip(starts, ends, strict=True):
        yield start[1], text[start.start() : end].strip() + "\n"


@cache
def _file(name: str) -> str:
    text = (files("connectors.github") / "queries" / f"{name}.graphql").read_text("utf-8")
    return "\n".join(line for line in text.splitlines() if not line.startswith("#")) + "\n"
