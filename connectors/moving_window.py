"""Walks over what changes, by a window of time that moves forward.

No page has a far offset, and a record that changes or vanishes moves no other over an edge.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.contract import UnexpectedAnswer
from connectors.instants import instant

#: Pages in a row that bring only what this pass has met: more of them, and it has no end.
_IDLE_PAGES = 3
#: Pages of one pass by the server's own token: a longer one has no end.
_MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of what a walk asks for (UTC), both inclusive; None = open."""

    lower: datetime | None
    upper: datetime | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """One page of a walk."""

    rows: list[dict[str, Any]]
    #: everything before it was given: where a broken walk goes on; None at an open bound.
    lower: datetime | None
    last: bool


#: (bounds, token of the page inside them) -> rows, whether more follow, token of the next page.
Fetch = Callable[[Bounds, Any], tuple[list[dict[str, Any]], bool, Any]]


def walk(bounds: Bounds, stamp: str, fetch: Fetch) -> Iterator[Slice]:
    """Rows of a server that sorts by `stamp` (a field), oldest first; each version of one once.

    After each page the lower bound moves to the newest stamp seen. Only where a whole page has one
    stamp, or where the server does not keep its order, the walk follows the server's own token;
    there a row that goes draws another one over the edge of a page, so these pages are passed over
    again until nothing new comes. Raises UnexpectedAnswer where a server goes round in circles,
    and what `fetch` raises.
    """
    lower, token = bounds.lower, None
    #: versions of rows that may come again.
    seen: set[tuple[str, str]] = set()
    #: versions met since the walk last asked without a token.
    met: set[tuple[str, str]] = set()
    pages = idle = 0
    unsettled, orderly = False, True
    while True:
        rows, more, following = fetch(Bounds(lower, bounds.upper), token)
        versions = {_version(one, stamp): one for one in rows}
        new = [one for version, one in versions.items() if version not in seen]
        stamps = [at for one in rows if (at := instant(one.get(stamp)))]
        orderly = orderly and stamps == sorted(stamps)
        moves = orderly and bool(stamps) and (lower is None or stamps[-1] > lower)
        unsettled = unsettled or bool(new)
        pages, idle = pages + 1, 0 if versions.keys() - met else idle + 1
        again = token is not None and unsettled and (moves or not more)
        if not more and not again:
            yield Slice(new, lower, last=True)
            return
        if again or moves:
            if not again:
                lower = stamps[-1]
                # What lies before the new bound cannot come again.
                seen = {version for version in seen if instant(version[1]) == lower}
            token, unsettled, pages, idle = None, False, 0, 0
            met.clear()
        else:
            repeats = following is None or following == token or idle > _IDLE_PAGES
            if repeats or pages >= _MOST_PAGES:
                raise UnexpectedAnswer("the server repeats a page for ever", where=stamp)
            token = following
            met.update(versions)
        seen.update(versions)
        yield Slice(new, lower, last=False)


def _version(row: dict[str, Any], stamp: str) -> tuple[str, str]:
    """What tells one version of a row from every other. Raises UnexpectedAnswer without an id."""
    if not row.get("id"):
        raise UnexpectedAnswer("a record came without its id", where=stamp)
    return str(row["id"]), str(row.get(stamp))
