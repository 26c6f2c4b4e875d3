"""Pages of GitHub's GraphQL connections."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from connectors.simulator.github_ids import cursor, parse_cursor
from connectors.simulator.github_scene import Args
from connectors.simulator.graphql import Refused

#: Most items on a page.
FULL_PAGE = 100
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a connection."""

    nodes: Sequence[Any]
    total: int
    first: str | None
    last: str | None
    more: bool
    before: bool = False


def page(
    items: Sequence[T],
    args: Args,
    make: Callable[[T], Any] = lambda one: one,
    key: Callable[[int, T], Any] | None = None,
    after: Callable[[Any], int] | None = None,
) -> Page:
    """A page of a list; cursors count places, or hold the `key` that `after` finds a place by."""
    size = args.get("first") or args.get("last")
    if size is None:
        raise Refused(
            "You must provide a `first` or `last` value to properly paginate the connection.",
            "MISSING_PAGINATION_BOUNDARIES",
        )
    if size > FULL_PAGE:
        raise Refused(
            f"Requesting {size} records on the connection exceeds the `first` limit of"
            f" {FULL_PAGE} records.",
            "EXCESSIVE_PAGINATION",
        )
    start = 0
    if args.get("after"):
        try:
            held = parse_cursor(args["after"])
            start = after(held) if after else int(held) + 1
        except (ValueError, TypeError) as error:
            raise Refused(
                f"`{args['after']}` does not appear to be a valid cursor.",
                "INVALID_CURSOR_ARGUMENTS",
            ) from error
    if args.get("last") and not args.get("first"):
        start = max(start, len(items) - size)
    stop = min(len(items), start + size)
    named = key or (lambda place, _: place)
    return Page(
        [make(one) for one in items[start:stop]],
        len(items),
        cursor(named(start, items[start])) if start < stop else None,
        cursor(named(stop - 1, items[stop - 1])) if start < stop else None,
        stop < len(items),
        start > 0,
    )


def ordered(items: Sequence[Any], args: Args, make: Callable[[Any], Any]) -> Page:
    """Issues or pull requests in the order that is asked for; cursors hold its key."""
    order = args.get("orderBy") or {"field": "CREATED_AT", "direction": "ASC"}
    down = order["direction"] == "DESC"
    field = {"UPDATED_AT": "updated", "COMMENTS": "comments"}.get(order["field"], "created")

    def key(_: int, one: Any) -> list[Any]:
        value = getattr(one, field)
        held = value.timestamp() if isinstance(value, datetime) else len(value)
        return [held, one.number]

    ranked = sorted(items, key=lambda one: key(0, one), reverse=down)

    def after(held: list[Any]) -> int:
        return sum(1 for one in ranked if (key(0, one) >= held if down else key(0, one) <= held))

    return page(ranked, args, make, key, after)
