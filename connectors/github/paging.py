"""REST listings by page number: read to the end that the server tells."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.contract import UnexpectedAnswer
from connectors.rows import objects
from connectors.transport import Answer, Transport

#: A listing longer than this is one that repeats itself.
MOST_PAGES = 2000
#: Empty pages in a row after which a server is not believed to come to an end.
_EMPTY_PAGES = 20

_NEXT = re.compile(r'<[^>]*>\s*;\s*rel="?next"?')


class Progress:
    """Whether the pages of one listing lead on."""

    def __init__(self, where: str) -> None:
        """`where`: the listing, for the message."""
        self._where = where
        self._before: list[Any] = []
        self._empty = 0

    def note(self, found: list[Any]) -> None:
        """The next page. Raises UnexpectedAnswer if the server repeats one, or empty ones."""
        self._empty = 0 if found else self._empty + 1
        if (found and found == self._before) or self._empty > _EMPTY_PAGES:
            raise UnexpectedAnswer("the server repeats a page for ever", where=self._where)
        self._before = found


def pages(
    transport: Transport,
    path: str,
    params: Mapping[str, Any] | None = None,
    *,
    key: str | None = None,
    size: int = 100,
    first: Answer | None = None,
    start: int = 1,
) -> Iterator[list[dict[str, Any]]]:
    """Pages of objects; `key` names the list where the answer is an object.

    `first`: the answer to the first page, where it is at hand. Raises SourceErrors.
    """
    progress = Progress(path)
    for number in range(start, MOST_PAGES + start):
        answer = first if number == start and first is not None else None
        if answer is None:
            answer = transport.get(path, {**(params or {}), "per_page": size, "page": number})
        found = rows(answer, key, path)
        progress.note(found)
        yield found
        if not has_next(answer):
            return
    raise UnexpectedAnswer("the listing has no end", where=path)


def everything(
    transport: Transport,
    path: str,
    params: Mapping[str, Any] | None = None,
    *,
    key: str | None = None,
    size: int = 100,
) -> list[dict[str, Any]]:
    """All objects of a listing."""
    return [one for page in pages(transport, path, params, key=key, size=size) for one in page]


def has_next(answer: Answer) -> bool:
    """Whether the Link header names a next page; a short page alone says nothing."""
    return _NEXT.search(answer.headers.get("Link", "")) is not None


def rows(answer: Answer, key: str | None, where: str) -> list[dict[str, Any]]:
    """The objects of one page. Raises UnexpectedAnswer if there is no such list of objects."""
    held = answer.array() if key is None else answer.object().get(key)
    if not isinstance(held, list):
        raise UnexpectedAnswer(f"the answer has no list {key!r}", where=where)
    return objects(held, where)
