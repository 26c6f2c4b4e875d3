"""`startAt` listings: read to the end the server tells, each object once."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from connectors.contract import UnexpectedAnswer
from connectors.rows import objects


def listing(
    get: Callable[[int], Mapping[str, Any]], name: str, where: str
) -> Iterator[dict[str, Any]]:
    """Every object of a `startAt` listing, once; a page that brings nothing new is an error."""
    seen: set[str] = set()
    start = 0
    while True:
        page = get(start)
        if not isinstance(page.get(name), list):
            raise UnexpectedAnswer(f"the answer has no list {name!r}", where=where)
        values = objects(page[name], where, "id")
        new = [one for one in values if str(one["id"]) not in seen]
        seen.update(str(one["id"]) for one in new)
        yield from new
        total = page.get("total")
        start += len(values)
        if not values or page.get("isLast") is True:
            return
        if page.get("isLast") is None and isinstance(total, int) and start >= total:
            return
        if not new:
            raise UnexpectedAnswer("the server repeats a page for ever", where=where)
