"""How the simulated GitLab pages: counts that vanish, offsets that end, keys that go on."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from connectors.simulator.gitlab_paging import COUNTED, by_keyset, by_offset, pack, unpack
from connectors.simulator.http import Request, Response


def asked(**query: str) -> Request:
    return Request(
        "GET",
        "api/v4/things",
        {name: [value] for name, value in query.items()},
        {"Host": "127.0.0.1:7"},
        b"",
    )


def offset(rows: list[int], **query: str) -> Response:
    return by_offset(asked(**query), "gitlab", rows, lambda one: one)


def keyset(rows: list[int], *, descending: bool = False, **query: str) -> Response:
    return by_keyset(
        asked(**query), "gitlab", rows, lambda one: (one,), lambda one: one, descending=descending
    )


def links(response: Response) -> dict[str, str]:
    found = re.findall(r'<([^>]+)>; rel="(\w+)"', response.headers.get("Link", ""))
    return {name: url for url, name in found}


def query_of(url: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}


def test_a_page_in_the_middle_names_its_neighbours_and_the_total() -> None:
    found = offset(list(range(45)), page="2", per_page="20", state="all")
    assert orjson.loads(found.body) == list(range(20, 40))
    assert found.headers["X-Total"] == "45"
    assert found.headers["X-Total-Pages"] == "3"
    assert (found.headers["X-Prev-Page"], found.headers["X-Next-Page"]) == ("1", "3")
    assert links(found).keys() == {"prev", "next", "first", "last"}
    assert links(found)["next"].startswith("http://127.0.0.1:7/gitlab/api/v4/things?")
    assert query_of(links(found)["next"]) == {"state": "all", "page": "3", "per_page": "20"}


def test_the_last_page_has_no_next_and_a_page_beyond_it_is_empty() -> None:
    last = offset(list(range(45)), page="3", per_page="20")
    assert last.headers["X-Next-Page"] == ""
    assert "next" not in links(last)
    assert orjson.loads(offset(list(range(45)), page="9").body) == []


def test_twenty_rows_unless_asked_and_never_more_than_a_hundred() -> None:
    assert len(orjson.loads(offset(list(range(300))).body)) == 20
    assert len(orjson.loads(offset(list(range(300)), per_page="1000").body)) == 100


def test_a_long_list_tells_neither_its_length_nor_its_last_page() -> None:
    whole = offset(list(range(COUNTED)), per_page="100")
    longer = offset(list(range(COUNTED + 1)), per_page="100")
    assert whole.headers["X-Total"] == "10000"
    assert "last" in links(whole)
    assert "X-Total" not in longer.headers
    assert "X-Total-Pages" not in longer.headers
    assert links(longer).keys() == {"next", "first"}


def test_an_offset_beyond_fifty_thousand_is_refused() -> None:
    rows = list(range(60_000))
    assert offset(rows, page="501", per_page="100").status == 200
    refused = offset(rows, page="502", per_page="100")
    assert refused.status == 405
    assert "keyset pagination" in orjson.loads(refused.body)["error"]


@pytest.mark.parametrize("name", ["page", "per_page"])
@pytest.mark.parametrize("value", ["0", "-1", "many"])
def test_a_number_that_is_none_is_refused(name: str, value: str) -> None:
    assert offset([1], **{name: value}).status == 400


@pytest.mark.parametrize("descending", [False, True])
def test_following_the_link_of_a_keyset_gives_every_row_once(descending: bool) -> None:
    rows = list(range(0, 470, 2))
    seen: list[int] = []
    query: dict[str, str] = {"per_page": "100", "pagination": "keyset"}
    for _ in range(10):
        page = keyset(rows, descending=descending, **query)
        assert "X-Total" not in page.headers
        seen += orjson.loads(page.body)
        if "next" not in links(page):
            break
        query = query_of(links(page)["next"])
    assert seen == sorted(rows, reverse=descending)


def test_a_keyset_walk_loses_nothing_when_rows_before_it_go() -> None:
    rows = list(range(100))
    first = keyset(rows, per_page="10")
    token = query_of(links(first)["next"])["cursor"]
    assert orjson.loads(keyset(rows[5:], per_page="3", cursor=token).body) == [10, 11, 12]


def test_a_cursor_of_nonsense_is_refused() -> None:
    assert keyset([1], cursor="nonsense!").status == 400
    assert unpack(pack(("a", 3))) == ("a", 3)


def test_instants_in_a_cursor_keep_their_order() -> None:
    start = datetime(2026, 1, 31, 23, 59, 59, 999_999, UTC)
    rows: list[Any] = [(start + timedelta(microseconds=n), n) for n in range(30)]
    query: dict[str, str] = {"per_page": "7"}
    seen: list[int] = []
    for _ in range(9):
        page = by_keyset(
            asked(**query), "gitlab", rows, lambda one: one, lambda one: one[1], descending=False
        )
        seen += orjson.loads(page.body)
        if "next" not in links(page):
            break
        query = query_of(links(page)["next"])
    assert seen == list(range(30))
