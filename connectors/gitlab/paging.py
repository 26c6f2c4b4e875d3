"""Listings read by their links to the end, and instants as a query takes them."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from requests.utils import parse_header_links

from connectors.contract import UnexpectedAnswer
from connectors.rows import objects
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
        rows = objects(answer.array(), path)
        new = [one for one in rows if _identity(one) not in seen]
        seen.update(_identity(one) for one in new)
        yield from new
        following = next_query(answer)
        if following is not None and not new:
            raise UnexpectedAnswer("the server repeats a page for ever", where=path)
        query = following


def _identity(row: Mapping[str, Any]) -> str:
    """What tells a row of a listing from others: its id, or the name of a tag."""
    for name in ("id", "name", "tag_name", "new_path"):
        if row.get(name) is not None:
            return str(row[name])
    return repr(sorted(row.items()))


def literal(value: datetime | None) -> str | None:
    """An instant as a query takes it: UTC with `Z`, since a plus sign is lost on the way."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
