"""Walks over what changes: nothing is lost, nothing comes twice, no answer leads elsewhere."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Runtime, UnexpectedAnswer
from connectors.gitlab.client import make_transport
from connectors.gitlab.options import GitLabOptions
from connectors.gitlab.paging import Window, listing, literal, moment, next_query, walk
from connectors.transport import Answer, Transport

BASE = "https://gitlab.example.net/base"
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def transport(**options: Any) -> Transport:
    runtime = Runtime(now=lambda: START, sleep=lambda seconds: None)
    return make_transport(
        GitLabOptions(**{"url": BASE, "token": "s3cret-token", **options}), runtime
    )


@pytest.fixture
def web() -> Any:
    with responses.RequestsMock() as mock:
        yield mock


def link(url: str) -> dict[str, str]:
    return {"Link": f'<{url}>; rel="next", <{BASE}/first>; rel="first"'}


# --- listings -------------------------------------------------------------------------------


def test_a_listing_goes_by_its_links_and_not_by_its_counts(web: Any) -> None:
    more = {**link(f"{BASE}/api/v4/x?page=2&per_page=100"), "X-Total": "1", "X-Total-Pages": "1"}
    web.get(f"{BASE}/api/v4/x", json=[{"id": 1}, {"id": 2}], headers=more)
    web.get(f"{BASE}/api/v4/x", json=[{"id": 2}, {"id": 3}], headers={"X-Total": "99"})
    assert [one["id"] for one in listing(transport(), "api/v4/x")] == [1, 2, 3]
    assert "page=2" in web.calls[1].request.url


def test_a_link_to_another_host_is_followed_at_home(web: Any) -> None:
    """A proxy names the server by an address of its own; the token stays with ours."""
    web.get(f"{BASE}/api/v4/x", json=[{"id": 1}], headers=link("http://evil.example/api?page=2"))
    web.get(f"{BASE}/api/v4/x", json=[{"id": 2}])
    assert [one["id"] for one in listing(transport(), "api/v4/x")] == [1, 2]
    assert all(call.request.url.startswith(BASE) for call in web.calls)


def test_a_page_that_repeats_is_found_out(web: Any) -> None:
    web.get(f"{BASE}/api/v4/x", json=[{"id": 1}], headers=link(f"{BASE}/api/v4/x?page=2"))
    with pytest.raises(UnexpectedAnswer, match="repeats"):
        list(listing(transport(), "api/v4/x"))


def test_the_token_goes_as_bearer_and_in_no_header_of_its_own(web: Any) -> None:
    web.get(f"{BASE}/api/v4/x", json=[])
    list(listing(transport(), "api/v4/x"))
    headers = web.calls[0].request.headers
    assert headers["Authorization"] == "Bearer s3cret-token"
    assert "PRIVATE-TOKEN" not in headers


def test_a_netrc_of_the_machine_does_not_replace_the_token(
    web: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine gitlab.example.net login ana password other-secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    web.get(f"{BASE}/api/v4/x", json=[])
    list(listing(transport(), "api/v4/x"))
    assert web.calls[0].request.headers["Authorization"] == "Bearer s3cret-token"


@pytest.mark.parametrize("value", ["", '<x>; rel="last"', "nonsense", '<>; rel="next"'])
def test_the_end_is_where_no_link_leads_on(value: str) -> None:
    assert next_query(Answer(200, {"Link": value} if value else {}, b"", BASE)) is None


# --- instants -------------------------------------------------------------------------------


def test_instants_are_sent_without_a_plus_sign() -> None:
    assert literal(START) == "2026-03-02T08:00:00.000Z"
    east = START.astimezone(tz=datetime.fromisoformat("2026-03-02T08:00:00+05:30").tzinfo)
    assert literal(east) == "2026-03-02T08:00:00.000Z"
    assert literal(None) is None


@pytest.mark.parametrize("value", [None, 7, "soon", "2026-03-02T08:00:00"])
def test_what_is_no_instant_is_none(value: Any) -> None:
    assert moment(value) is None


# --- walks ----------------------------------------------------------------------------------


class Server:
    """Rows by stamp; pages of `size`, and inside one window by offset."""

    def __init__(self, rows: dict[str, datetime], size: int) -> None:
        self.rows, self.size = dict(rows), size
        self.asked = 0

    def fetch(self, window: Window, token: Any) -> tuple[list[dict[str, Any]], bool, Any]:
        self.asked += 1
        lower = window.lower or datetime.min.replace(tzinfo=UTC)
        found = sorted((at, id_) for id_, at in self.rows.items() if at >= lower)
        offset = int(token or 0)
        page = found[offset : offset + self.size]
        more = offset + self.size < len(found)
        rows = [{"id": id_, "updated_at": literal(at)} for at, id_ in page]
        return rows, more, offset + self.size if more else None


def ids(server: Server, lower: datetime | None = None) -> list[str]:
    pieces = walk(Window(lower), "updated_at", server.fetch)
    return [one["id"] for piece in pieces for one in piece.rows]


def test_the_window_moves_forward_and_nothing_comes_twice() -> None:
    server = Server({f"{i:02}": START + timedelta(minutes=i) for i in range(10)}, 3)
    assert ids(server) == [f"{i:02}" for i in range(10)]


def test_a_page_of_one_stamp_is_left_by_the_servers_own_token() -> None:
    server = Server({f"{i:02}": START for i in range(10)}, 3)
    assert ids(server) == [f"{i:02}" for i in range(10)]


def test_a_row_that_vanishes_takes_no_other_with_it() -> None:
    server = Server({f"{i:02}": START + timedelta(minutes=i) for i in range(9)}, 3)
    pieces = walk(Window(None), "updated_at", server.fetch)
    found = [one["id"] for one in next(pieces).rows]
    del server.rows["00"], server.rows["01"]
    found += [one["id"] for piece in pieces for one in piece.rows]
    assert found == [f"{i:02}" for i in range(9)]


@given(
    stamps=st.lists(st.integers(0, 6), max_size=25),
    size=st.integers(2, 6),
    touched=st.integers(0, 24),
    after=st.integers(1, 4),
)
def test_whatever_moves_between_two_pages_nothing_is_lost(
    stamps: list[int], size: int, touched: int, after: int
) -> None:
    server = Server({str(i): START + timedelta(minutes=at) for i, at in enumerate(stamps)}, size)
    found: set[str] = set()
    for number, piece in enumerate(walk(Window(None), "updated_at", server.fetch), 1):
        found |= {one["id"] for one in piece.rows}
        if number == after and str(touched) in server.rows:
            server.rows[str(touched)] = START + timedelta(hours=1)
    assert found == set(server.rows)


@given(stamps=st.lists(st.integers(0, 6), min_size=1, max_size=25), size=st.integers(2, 6))
def test_a_walk_goes_on_where_its_bound_says(stamps: list[int], size: int) -> None:
    rows = {str(i): START + timedelta(minutes=at) for i, at in enumerate(stamps)}
    for stop in range(1, 8):
        found: set[str] = set()
        lower: datetime | None = None
        for number, piece in enumerate(walk(Window(None), "updated_at", Server(rows, size).fetch)):
            if number == stop:
                break
            found |= {one["id"] for one in piece.rows}
            lower = piece.lower if piece.lower is not None else lower
        assert found | set(ids(Server(rows, size), lower)) == set(rows)
