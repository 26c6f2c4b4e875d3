"""Walks by a moving window: nothing is lost, nothing comes twice, and there is an end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import UnexpectedAnswer
from connectors.moving_window import Bounds, walk

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class Server:
    """Rows by stamp; pages of `size`, and inside one window by offset."""

    def __init__(self, stamps: list[int], size: int) -> None:
        self.rows = {f"{i:02}": START + timedelta(minutes=at) for i, at in enumerate(stamps)}
        self.size = size
        self.asked = 0

    def fetch(self, bounds: Bounds, token: Any) -> tuple[list[dict[str, Any]], bool, Any]:
        """One page; the token is an offset."""
        self.asked += 1
        lower = bounds.lower or datetime.min.replace(tzinfo=UTC)
        found = self.ordered([(at, id_) for id_, at in self.rows.items() if at >= lower])
        offset = int(token or 0)
        page = found[offset : offset + self.size]
        more = offset + self.size < len(found)
        rows = [{"id": id_, "at": at.isoformat()} for at, id_ in page]
        return rows, more, offset + self.size if more else None

    def ordered(self, rows: list[tuple[datetime, str]]) -> list[tuple[datetime, str]]:
        """Oldest first."""
        return sorted(rows)


class Careless(Server):
    """A server that does not heed the order it is asked for."""

    def ordered(self, rows: list[tuple[datetime, str]]) -> list[tuple[datetime, str]]:
        """Newest first."""
        return sorted(rows, reverse=True)


def ids(server: Server, lower: datetime | None = None) -> list[str]:
    """What a whole walk gives."""
    return [one["id"] for piece in walk(Bounds(lower), "at", server.fetch) for one in piece.rows]


STAMPS = st.lists(st.integers(0, 5), max_size=25)
#: after which page, which row, and to which minute (None: it is deleted).
MOVES = st.lists(
    st.tuples(st.integers(1, 12), st.integers(0, 24), st.one_of(st.none(), st.integers(20, 60))),
    max_size=6,
)


@given(stamps=STAMPS, size=st.integers(1, 6))
def test_every_row_comes_once(stamps: list[int], size: int) -> None:
    server = Server(stamps, size)
    assert sorted(ids(server)) == sorted(server.rows)


def test_a_page_of_one_stamp_is_left_by_the_servers_own_token() -> None:
    server = Server([0] * 10, 3)
    assert ids(server) == [f"{i:02}" for i in range(10)]
    # The bound moves once; then each page twice: nothing had gone over an edge.
    assert server.asked == 9


def test_what_does_not_stand_still_is_passed_over_once() -> None:
    server = Server(list(range(10)), 3)
    assert len(ids(server)) == 10
    assert server.asked == 5


@given(stamps=STAMPS, size=st.integers(1, 6), moves=MOVES)
def test_whatever_moves_or_vanishes_between_two_pages_nothing_is_lost(
    stamps: list[int], size: int, moves: list[tuple[int, int, int | None]]
) -> None:
    """B02: an older row that goes draws others over the edge of an offset page."""
    server = Server(stamps, size)
    found: set[str] = set()
    for number, piece in enumerate(walk(Bounds(None), "at", server.fetch), 1):
        found |= {one["id"] for one in piece.rows}
        for after, row, minute in moves:
            id_ = f"{row:02}"
            if after != number or id_ not in server.rows:
                continue
            if minute is None:
                del server.rows[id_]
            else:
                server.rows[id_] = START + timedelta(minutes=minute)
    assert found >= set(server.rows)


@given(stamps=STAMPS, size=st.integers(1, 6), stop=st.integers(1, 12), gone=st.integers(0, 24))
def test_a_broken_walk_goes_on_where_its_bound_says(
    stamps: list[int], size: int, stop: int, gone: int
) -> None:
    server = Server(stamps, size)
    found: set[str] = set()
    lower: datetime | None = None
    for number, piece in enumerate(walk(Bounds(None), "at", server.fetch), 1):
        found |= {one["id"] for one in piece.rows}
        lower = piece.lower
        if number == stop:
            break
    server.rows.pop(f"{gone:02}", None)
    assert found | set(ids(server, lower)) >= set(server.rows)


@given(stamps=STAMPS, size=st.integers(1, 6))
def test_the_bound_never_goes_back(stamps: list[int], size: int) -> None:
    lowers = [
        piece.lower
        for piece in walk(Bounds(None), "at", Server(stamps, size).fetch)
        if piece.lower is not None
    ]
    assert lowers == sorted(lowers)


@given(
    stamps=st.lists(st.integers(0, 50), max_size=25, unique=True),
    size=st.integers(2, 6),
    gone=st.integers(0, 24),
    after=st.integers(1, 6),
)
def test_an_order_that_is_not_kept_costs_no_row(
    stamps: list[int], size: int, gone: int, after: int
) -> None:
    """B23: where a page is out of order, its newest stamp proves nothing about the next."""
    server = Careless(stamps, size)
    found: set[str] = set()
    for number, piece in enumerate(walk(Bounds(None), "at", server.fetch), 1):
        found |= {one["id"] for one in piece.rows}
        if number == after:
            server.rows.pop(f"{gone:02}", None)
    assert found >= set(server.rows)


@pytest.mark.parametrize(
    ("rows", "tokens"),
    [
        ([{"id": 1, "at": START.isoformat()}], "same"),
        ([{"id": 1, "at": START.isoformat()}], "new"),
        ([{"id": 1}, {"id": 2}], "new"),
        ([], "new"),
        ([{"id": 1, "at": START.isoformat()}], "none"),
    ],
)
def test_a_server_that_has_no_end_is_found_out(rows: list[dict[str, Any]], tokens: str) -> None:
    """B12: one token for ever, ever new tokens for one page, or more announced without a token."""
    asked: list[Any] = []

    def fetch(bounds: Bounds, token: Any) -> tuple[list[dict[str, Any]], bool, Any]:
        asked.append(token)
        following = {"same": "a", "new": len(asked), "none": None}[tokens]
        return [dict(one) for one in rows], True, following

    with pytest.raises(UnexpectedAnswer, match="repeats a page"):
        list(walk(Bounds(None), "at", fetch))
    assert len(asked) <= 8


def test_a_row_without_its_id_stops_the_walk() -> None:
    with pytest.raises(UnexpectedAnswer, match="without its id"):
        list(walk(Bounds(None), "at", lambda bounds, token: ([{"at": "x"}], False, None)))
