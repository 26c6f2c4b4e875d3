"""Everything that can go wrong between a client and a server, over real connections."""

import time
from typing import Any

import pytest
import requests
from support.jira_site import NOW, Bench, serving

from connectors.simulator.faults import (
    Fault,
    Hook,
    login_page,
    redirect,
    too_many,
    wrong_type,
)
from connectors.simulator.server import DRIPS

SEARCH = "rest/api/3/search/jql"
ASKED = {"jql": "project = APO ORDER BY id ASC", "fields": ["id"], "maxResults": 20}


def post(bench: Bench, path: str, body: dict[str, Any]) -> requests.Response:
    who = bench.world.credentials["owner"]
    url = f"{bench.simulator.url(bench.dialect)}/{path}"
    return requests.post(url, json=body, auth=(who.email, who.token), timeout=5)


def get(bench: Bench, path: str, **options: Any) -> requests.Response:
    who = bench.world.credentials["owner"]
    url = f"{bench.simulator.url(bench.dialect)}/{path}"
    return requests.get(url, auth=(who.email, who.token), timeout=5, **options)


def walk(bench: Bench) -> list[list[str]]:
    """Ids page by page, for as long as a new token comes."""
    pages, token, seen = [], None, set[str]()
    while True:
        answer = post(bench, SEARCH, {**ASKED, **({"nextPageToken": token} if token else {})})
        found = answer.json()
        pages.append([one["id"] for one in found["issues"]])
        token = found.get("nextPageToken")
        if token is None or token in seen:
            return pages
        seen.add(token)


def flat(pages: list[list[str]]) -> list[str]:
    return [id_ for page in pages for id_ in page]


@pytest.mark.parametrize(
    ("wait", "header"), [(30, "30"), (NOW, "Mon, 02 Mar 2026 08:00:00 GMT"), (None, None)]
)
def test_too_many_says_when_to_come_back_or_does_not(wait: Any, header: str | None) -> None:
    with serving() as bench:
        bench.simulator.script.faults.append(too_many("myself", wait))
        answer = get(bench, "rest/api/3/myself")
        assert (answer.status_code, answer.headers.get("Retry-After")) == (429, header)
        assert get(bench, "rest/api/3/myself").status_code == 200


def test_a_login_page_comes_with_a_good_status() -> None:
    with serving() as bench:
        bench.simulator.script.faults.append(login_page("myself"))
        answer = get(bench, "rest/api/3/myself")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/html")
        assert "Log in" in answer.text


def test_bytes_of_another_kind() -> None:
    with serving() as bench:
        bench.simulator.script.faults.append(wrong_type("myself"))
        answer = get(bench, "rest/api/3/myself")
        assert answer.headers["Content-Type"] == "application/octet-stream"


def test_a_redirect_to_another_host_is_sent_and_not_followed_by_us() -> None:
    with serving() as bench:
        bench.simulator.script.faults.append(redirect("myself", "https://sso.example.net/login"))
        answer = get(bench, "rest/api/3/myself", allow_redirects=False)
        assert answer.status_code == 302
        assert answer.headers["Location"] == "https://sso.example.net/login"


def test_a_cut_answer_ends_before_its_length() -> None:
    with serving() as bench:
        bench.simulator.script.faults.append(Fault("/field$", manner="cut"))
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            get(bench, "rest/api/3/field")
        assert get(bench, "rest/api/3/field").status_code == 200


def test_a_dropped_connection_answers_nothing() -> None:
    with serving() as bench:
        bench.simulator.script.faults.append(Fault("myself", manner="drop"))
        with pytest.raises(requests.exceptions.ConnectionError):
            get(bench, "rest/api/3/myself")


def test_a_dripping_answer_is_whole_in_the_end() -> None:
    with serving() as bench:
        bench.simulator.drip_seconds = 0.01
        bench.simulator.script.faults.append(Fault("/field$", manner="drip"))
        begun = time.monotonic()
        slow = get(bench, "rest/api/3/field")
        assert time.monotonic() - begun >= 0.01 * DRIPS
        assert slow.json() == get(bench, "rest/api/3/field").json()


def test_a_short_page_in_the_middle_loses_nothing() -> None:
    with serving() as bench:
        whole = walk(bench)
        bench.simulator.script.faults.append(Fault("search/jql", manner="short", skip=1))
        shortened = walk(bench)
        assert [len(page) for page in shortened[:3]] == [20, 10, 20]
        assert flat(shortened) == flat(whole) == sorted(flat(whole))


def test_a_short_page_by_offset_says_so() -> None:
    with serving(cloud=False) as bench:
        bench.simulator.script.faults.append(Fault("/search", manner="short"))
        params = {"jql": "project = APO ORDER BY id ASC", "maxResults": "20"}
        token = bench.world.credentials["owner"].token
        answer = requests.get(
            f"{bench.simulator.url(bench.dialect)}/rest/api/2/search",
            params=params,
            headers={"Authorization": f"Bearer {token}"},
            timeout=5,
        ).json()
        assert (answer["maxResults"], len(answer["issues"])) == (10, 10)
        assert answer["total"] == len(bench.alive("APO"))


def test_a_hole_loses_one_row_and_says_nothing() -> None:
    with serving() as bench:
        whole = flat(walk(bench))
        bench.simulator.script.faults.append(Fault("search/jql", manner="hole", skip=1))
        holed = flat(walk(bench))
        assert len(holed) == len(whole) - 1
        assert set(holed) < set(whole)


def test_a_token_that_comes_again() -> None:
    with serving() as bench:
        bench.simulator.script.faults.append(Fault("search/jql", manner="repeat", skip=1))
        first = post(bench, SEARCH, ASKED).json()
        again = post(bench, SEARCH, {**ASKED, "nextPageToken": first["nextPageToken"]}).json()
        assert again["nextPageToken"] == first["nextPageToken"]
        assert again["isLast"] is False


def test_the_world_moves_after_so_many_requests() -> None:
    with serving() as bench:
        seen: list[int] = []
        hook = Hook("search/jql", lambda: seen.append(len(bench.simulator.log)), skip=2)
        bench.simulator.script.hooks.append(hook)
        walk(bench)
        assert seen == [2]


def test_nothing_goes_wrong_any_more_when_told() -> None:
    with serving() as bench:
        bench.simulator.script.faults.append(Fault("myself", times=None))
        assert [get(bench, "rest/api/3/myself").status_code for _ in range(3)] == [500] * 3
        bench.simulator.script.clear()
        assert get(bench, "rest/api/3/myself").status_code == 200
