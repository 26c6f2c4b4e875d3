"""Burst limits, counted on the virtual clock."""

from datetime import timedelta

import requests
from support.jira_site import NOW, Bench, read_everything, serving

from connectors.simulator.limits import Limit


def get(bench: Bench, path: str) -> requests.Response:
    who = bench.world.credentials["owner"]
    login = who.email if bench.dialect == "jira-cloud" else "user0"
    url = f"{bench.simulator.url(bench.dialect)}/{path}"
    return requests.get(url, auth=(login, who.token), timeout=5)


def test_a_window_gives_so_many_and_the_next_one_as_many_again() -> None:
    limit = Limit(2, timedelta(seconds=10))
    assert [limit.take("a", NOW).allowed for _ in range(3)] == [True, True, False]
    assert limit.take("b", NOW).allowed, "keys are counted apart"
    refused = limit.take("a", NOW + timedelta(seconds=4))
    assert (refused.allowed, refused.remaining, refused.retry_after) == (False, 0, "6")
    assert refused.reset == NOW + timedelta(seconds=10)
    assert limit.take("a", NOW + timedelta(seconds=10)).remaining == 1


def test_cloud_counts_each_endpoint_and_tells_which_limit_was_hit() -> None:
    with serving(limit=Limit(5, timedelta(seconds=10))) as bench:
        answers = [get(bench, "rest/api/3/myself") for _ in range(6)]
        assert [one.status_code for one in answers] == [200] * 5 + [429]
        assert [one.headers.get("X-RateLimit-NearLimit") for one in answers[3:5]] == [None, "true"]
        refused = answers[-1].headers
        assert refused["Retry-After"] == "10"
        assert refused["X-RateLimit-Reset"] == "2026-03-02T08:00:10Z"
        assert refused["RateLimit-Reason"] == "jira-burst-based"
        assert get(bench, "rest/api/3/field").status_code == 200
        bench.clock.sleep(10)
        assert get(bench, "rest/api/3/myself").status_code == 200


def test_data_center_counts_each_user_and_tells_the_fill_rate() -> None:
    with serving(cloud=False, limit=Limit(2, timedelta(seconds=10))) as bench:
        assert get(bench, "rest/api/2/myself").headers["X-RateLimit-Remaining"] == "1"
        assert get(bench, "rest/api/2/field").headers["X-RateLimit-FillRate"] == "2"
        assert get(bench, "rest/api/2/status").status_code == 429


def test_the_connector_reads_everything_below_a_tight_limit() -> None:
    with serving(issues=120, limit=Limit(1, timedelta(seconds=5))) as bench:
        connector = bench.connector()
        run = read_everything(connector)
        connector.close()
        assert set(run.ids("issues")) == bench.alive("APO")
        assert 429 in {one.status for one in bench.simulator.log}
        assert bench.clock.now() > NOW
