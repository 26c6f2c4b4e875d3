"""Everything that can go wrong between a client and a server, over real connections."""

import gzip
import io
import time
from datetime import timedelta
from typing import Any

import pytest
import requests
from support.jira_site import NOW, Bench, serving

from connectors.simulator.faults import (
    Fault,
    Hook,
    graphql_errors,
    gzip_bomb,
    huge_number,
    login_page,
    nested,
    redirect,
    secondary_limit,
    server_trouble,
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
    ("wait", "header"),
    [
        (30, "30"),
        (2.5, "2.5"),
        (NOW, "Mon, 02 Mar 2026 08:00:00 GMT"),
        (timedelta(minutes=1), "Mon, 02 Mar 2026 08:01:00 GMT"),
        (None, None),
    ],
)
def test_too_many_says_when_to_come_back_or_does_not(wait: Any, header: str | None) -> None:
    with serving() as bench:
        bench.simulator.script.faults.append(too_many("myself", wait))
        answer = get(bench, "rest/api/3/myself")
        assert (answer.status_code, answer.headers.get("Retry-After")) == (429, header)
        assert get(bench, "rest/api/3/myself").status_code == 200


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_server_trouble_of_each_kind(status: int) -> None:
    with serving() as bench:
        bench.simulator.script.faults.append(server_trouble("myself", status))
        answer = get(bench, "rest/api/3/myself")
        assert (answer.status_code, b"<html>" in answer.content) == (status, status != 500)


@pytest.mark.parametrize("wait", [None, 60])
def test_a_secondary_limit_is_a_refusal_that_ends(wait: int | None) -> None:
    with serving() as bench:
        bench.simulator.script.faults.append(secondary_limit("myself", wait))
        answer = get(bench, "rest/api/3/myself")
        said = answer.headers.get("Retry-After")
        assert (answer.status_code, said) == (403, None if wait is None else "60")
        assert "secondary rate limit" in answer.json()["message"]


def test_graphql_fails_with_a_good_status() -> None:
    with serving() as bench:
        bench.simulator.script.faults.append(graphql_errors("myself", "Timed out"))
        answer = get(bench, "rest/api/3/myself")
        assert answer.status_code == 200
        assert answer.json() == {"data": None, "errors": [{"message": "Timed out"}]}


def test_bodies_that_are_meant_to_break_a_client() -> None:
    with serving() as bench:
        faults = [gzip_bomb("myself", 3), nested("myself", 50), huge_number("myself", 40)]
        bench.simulator.script.faults += faults
        bomb = get(bench, "rest/api/3/myself", stream=True).raw.read()
        assert len(bomb) < 10_000
        assert len(gzip.GzipFile(fileobj=io.BytesIO(bomb)).read()) == 3 * 2**20 + 8
        assert get(bench, "rest/api/3/myself").text == "[" * 50 + "]" * 50
        assert get(bench, "rest/api/3/myself").json() == {"total": int("9" * 40)}


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


def test_a_chopped_answer_does_not_show_it() -> None:
    with serving() as bench:
        bench.simulator.script.faults.append(Fault("/field$", manner="chop"))
        half, whole = (get(bench, "rest/api/3/field").content for _ in range(2))
        assert half == whole[: len(whole) // 2]


def test_a_reset_connection_breaks() -> None:
    with serving() as bench:
        bench.simulator.script.faults.append(Fault("myself", manner="reset"))
        with pytest.raises(requests.exceptions.ConnectionError, match="reset by peer"):
            get(bench, "rest/api/3/myself")
        assert get(bench, "rest/api/3/myself").status_code == 200


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


def test_a_server_that_is_stuck_gives_the_first_page_for_ever() -> None:
    with serving() as bench:
        first = post(bench, SEARCH, ASKED).json()
        bench.simulator.script.faults.append(Fault("search/jql", manner="stuck", times=None))
        asked = {**ASKED, "nextPageToken": first["nextPageToken"]}
        assert [post(bench, SEARCH, asked).json() for _ in range(2)] == [first, first]


def test_null_stands_where_a_row_was() -> None:
    with serving() as bench:
        whole = post(bench, SEARCH, ASKED).json()["issues"]
        bench.simulator.script.faults.append(Fault("search/jql", manner="null"))
        held = post(bench, SEARCH, ASKED).json()["issues"]
        assert held == [*whole[:10], None, *whole[11:]]


def test_a_fault_may_be_for_what_is_asked_and_not_only_for_where() -> None:
    with serving() as bench:
        bench.simulator.script.faults += [
            Fault("search/jql", asking="nextPageToken"),
            Fault("/field$", asking="^lang=de$"),
        ]
        first = post(bench, SEARCH, ASKED)
        asked = {**ASKED, "nextPageToken": first.json()["nextPageToken"]}
        assert [first.status_code, post(bench, SEARCH, asked).status_code] == [200, 500]
        codes = [get(bench, f"rest/api/3/field{query}").status_code for query in ("", "?lang=de")]
        assert codes == [200, 500]


def test_a_hook_runs_before_an_answer_or_after_it() -> None:
    with serving() as bench:
        world = bench.world
        issue = world.issues[int(post(bench, SEARCH, ASKED).json()["issues"][3]["id"])]
        path = f"rest/api/3/issue/{issue.id}"
        before = issue.summary
        bench.simulator.script.hooks += [
            Hook(path, lambda: world.rename(issue, "Second"), after=True),
            Hook(path, lambda: world.rename(issue, "Third"), skip=1),
        ]
        bench.clock.advance(timedelta(minutes=5))
        seen = [get(bench, path).json()["fields"] for _ in range(3)]
        assert [one["summary"] for one in seen] == [before, "Third", "Third"]
        # What a hook does happens in the present of the server.
        assert {one.at for one in issue.history[-2:]} == {NOW + timedelta(minutes=5)}


def test_the_log_tells_who_asked_for_what_and_how() -> None:
    with serving() as bench:
        get(bench, "rest/api/3/myself")
        mark = len(bench.simulator.log)
        get(bench, "rest/api/3/field")
        requests.get(f"{bench.simulator.url(bench.dialect)}/rest/api/3/field", timeout=5)
        asked = bench.simulator.asked
        assert [one.status for one in asked("GET /jira-cloud/.*field$", since=mark)] == [200, 401]
        (mine,) = asked("field", by="owner")
        assert mine.headers["Authorization"].startswith("Basic ")
        assert len(asked()) == 3


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
