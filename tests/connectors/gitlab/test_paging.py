"""Listings by their links: no answer leads elsewhere, no count is believed."""

from datetime import UTC, datetime
from typing import Any

import pytest
import responses

from connectors.contract import Runtime, UnexpectedAnswer
from connectors.gitlab.client import make_transport
from connectors.gitlab.options import GitLabOptions
from connectors.gitlab.paging import listing, literal, next_query
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
    """B18, B19: No header with a number is waited for or believed."""
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
    """B12: A link that leads to the same page is no way on."""
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
