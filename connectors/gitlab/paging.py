"""Walks that lose nothing: listings by their links, changes by a window that moves forward."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from requests.utils import parse_header_links

from connectors.contract import UnexpectedAnswer
from connectors.transport import Answer, Transport


def next_query(answer: Answer) -> dict[str, str] | None:
    """The query of the page after this one; None at the end.

    Only the query of a link is used: behind a proxy its address may be one that we cannot reach,
    and no answer decides where the token goes.
    """
    for link in parse_header_links(answer.headers.get("Link", "")):
        if link.get("rel") == "next" and link.get("url"):
            return dict(parse_qsl(urlsplit(link["url"]).query, keep_blank_values=True))
    return None


def listing(
    transport: Transport, path: str, params: Mapping[str, Any] | None = None, size: int = 100
) -> Iterator[dict[str, Any]]:
    """Every object of a listing, once; counts in headers are not believed. Raises SourceErrors."""
    query: dict[str, Any] | None = {"per_page": size, **(params or {})}
    seen: set[str] = set()
    while query is not None:
        answer = transport.get(path, query)
        rows = [one for one in answer.array() if isinstance(one, dict)]
        new = [one for one in rows if identity(one) not in seen]
        seen.update(identity(one) for one in new)
        yield from new
        following = next_query(answer)
        if following is not None and not new:
            raise UnexpectedAnswer("the server repeats a page for ever", where=path)
        query = following


def identity(row: Mapping[str, Any]) -> str:
    """What tells a row of a listing from others: its id, or the name of a tag."""
    for name in ("id", "name", "tag_name", "new_path"):
        if row.get(name) is not None:
            return str(row[name])
    return repr(sorted(row.items()))


@dataclass(frozen=True, slots=True)
class Window:
    """Bounds of one walk over changes, both inclusive; None = open."""

    lower: datetime | None
    upper: datetime | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """One page of a walk."""

    rows: list[dict[str, Any]]
    #: where the walk goes on after this page; None at its end, or where no stamp tells.
    lower: datetime | None
    last: bool


#: (window, token of the page inside it) -> rows, whether more follow, token of the next page.
Fetch = Callable[[Window, Any], tuple[list[dict[str, Any]], bool, Any]]


def walk(window: Window, stamp: str, fetch: Fetch) -> Iterator[Slice]:
    """Rows in the order of `stamp` (a field), each version of a row once.

    After each page the lower bound moves to the newest stamp seen, so no page has a far offset,
    and a row that changes or vanishes moves nobody. Only where a whole page has one stamp does the
    walk follow the server's own token; there a row that goes draws another one over the edge of a
    page, so such rows are passed over again until nothing new comes.
    """
    seen: set[tuple[str, str]] = set()
    lower = window.lower
    token: Any = None
    by_token = unsettled = False
    while True:
        rows, more, following = fetch(Window(lower, window.upper), token)
        new = [one for one in rows if (identity(one), str(one.get(stamp))) not in seen]
        newest = max((at for one in rows if (at := moment(one.get(stamp)))), default=None)
        moves = newest is not None and (lower is None or newest > lower)
        by_token = by_token or token is not None
        unsettled = unsettled or bool(new)
        if by_token and unsettled and (moves or not more):
            token, by_token, unsettled = None, False, False
        elif not more:
            yield Slice(new, None, last=True)
            return
        elif moves:
            # What lies before the new bound cannot come again.
            seen = {key for key in seen if _at(key) == newest}
            lower, token, by_token, unsettled = newest, None, False, False
        else:
            if following is None or following == token:
                raise UnexpectedAnswer("the server repeats a page for ever", where=stamp)
            token = following
        seen.update((identity(one), str(one.get(stamp))) for one in rows)
        yield Slice(new, lower if token is None else None, last=False)


def _at(key: tuple[str, str]) -> datetime | None:
    return moment(key[1])


def moment(value: Any) -> datetime | None:
    """An instant as GitLab writes it, as UTC; None if it is none."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if parsed.tzinfo is None else parsed.astimezone(UTC)


def literal(value: datetime | None) -> str | None:
    """An instant as a query takes it: UTC with `Z`, since a plus sign is lost on the way."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
