"""Benchmarks serve what the simulator answered; nothing else passes for measured."""

import json
import pickle
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from benchmarks import github_world
from benchmarks.github_figures import load, record
from benchmarks.processes import served, serving
from benchmarks.recorder import HERE, Recorder
from connectors.simulator.clock import Clock


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    directory = tmp_path_factory.mktemp("bench") / "one"
    return directory, record(directory, 2, 12, 4)


@pytest.mark.full
def test_a_recorded_load_can_be_loaded_again_with_fewer_connections(recorded, tmp_path):
    directory, who = recorded
    held = pickle.loads((directory / "load.pickle").read_bytes())
    with serving(directory / "load.pickle", 0.0) as url:
        found = load(url, tmp_path / "store.db", 1, *who)
        assert served(url) == found["requests"] == len(held["answers"])
    assert found["rows"] > 100


@pytest.mark.full
def test_an_idle_run_finds_nothing_and_asks_for_nothing_unrecorded(recorded, tmp_path):
    directory, who = recorded
    with serving(directory / "load.pickle", 0.0) as url:
        load(url, tmp_path / "store.db", 8, *who)
    with serving(directory / "idle.pickle", 0.0, int(url.rsplit(":", 1)[1])) as url:
        found = load(url, tmp_path / "store.db", 8, *who)
        assert served(url) == found["requests"]
    assert found["rows"] == 0


@pytest.mark.full
def test_a_request_that_was_not_recorded_ends_the_measurement(recorded):
    directory, _ = recorded
    with serving(directory / "load.pickle", 0.0) as url:
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"{url}/github/nothing")
        with pytest.raises(SystemExit, match="GET /github/nothing"):
            served(url)
        assert served(url) == 0


def test_the_world_has_as_many_issues_and_changes_as_asked_for():
    code = github_world.make(2, 12, 4).code
    for repo in code.hosted("github"):
        assert (len(code.issues_in(repo)), len(code.changes_in(repo))) == (12, 4)


def test_peers_get_what_they_count_on():
    world = github_world.make(1, 12, 4)
    (repo,) = world.code.hosted("github")
    token = world.credentials["owner"].token
    with Recorder(world, Clock(github_world.NOW)) as recorder:

        def ask(path):
            request = Request(
                f"{recorder.url('github')}/{path}", headers={"Authorization": f"Bearer {token}"}
            )
            with urlopen(request) as answer:
                return json.load(answer), answer.headers["Link"] or ""

        listing = f"repos/{repo.path}/issues?state=all&per_page=10&sort=created&direction=asc"
        first, link = ask(listing)
        second, _ = ask(f"{listing}&after=2")
        login = first[0]["user"]["login"]
        account, _ = ask(f"users/{login}")
        orgs, _ = ask(f"users/{login}/orgs")
        pull = world.code.changes_in(repo)[0].number
        reviewers, _ = ask(f"repos/{repo.path}/pulls/{pull}/requested_reviewers")
        kept = recorder.take()
    assert "after=2" in link
    assert len(first) == 10
    assert {one["number"] for one in first} | {one["number"] for one in second} == set(range(1, 17))
    assert all("type" in one and "total_count" in one["reactions"] for one in first)
    assert (account["login"], orgs) == (login, [])
    assert set(reviewers) == {"users", "teams"}
    asked = "direction=asc&per_page=10&sort=created&state=all"
    status, _, headers = kept["GET", f"/github/repos/{repo.path}/issues?{asked}", b""]
    assert status == 200
    assert HERE in headers["Link"]
