"""The server: faults, hooks, credentials, and the vendor's own limits."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from support.jira_site import NOW, Bench, serving

from connectors.simulator.faults import Fault, Hook

ROOT = Path(__file__).parents[3]


def ask(bench: Bench, path: str, body: object = None, **options: object) -> requests.Response:
    who = bench.world.credentials["owner"]
    url = f"{bench.simulator.url(bench.dialect)}/{path}"
    auth = options.pop("auth", (who.email, who.token))
    if body is None:
        return requests.get(url, auth=auth, timeout=5, **options)  # type: ignore[arg-type]  # passed through
    return requests.post(url, json=body, auth=auth, timeout=5)  # type: ignore[arg-type]  # passed through


def test_the_date_header_is_the_virtual_clock() -> None:
    with serving() as bench:
        answer = ask(bench, "rest/api/3/serverInfo")
        assert answer.headers["Date"] == "Mon, 02 Mar 2026 08:00:00 GMT"
        assert answer.json()["deploymentType"] == "Cloud"
        assert bench.clock.now() == NOW


def test_a_wrong_token_is_refused() -> None:
    with serving() as bench:
        assert (
            ask(bench, "rest/api/3/myself", auth=("owner@example.net", "wrong")).status_code == 401
        )


def test_the_old_search_is_gone_on_cloud() -> None:
    """B25: It answers 410, and nothing of ours asks it."""
    with serving() as bench:
        assert ask(bench, "rest/api/3/search", {"jql": "project = APO"}).status_code == 410


def test_a_search_gives_ids_only_unless_asked_and_100_per_page() -> None:
    with serving(issues=150) as bench:
        bare = ask(
            bench, "rest/api/3/search/jql", {"jql": "project = APO", "maxResults": 500}
        ).json()
        assert len(bare["issues"]) == len(bench.alive("APO"))
        assert "fields" not in bare["issues"][0]
        full = ask(
            bench,
            "rest/api/3/search/jql",
            {"jql": "project = APO", "maxResults": 500, "fields": ["summary"]},
        ).json()
        assert len(full["issues"]) == 100
        assert full["isLast"] is False
        assert full["nextPageToken"]


def test_an_inline_history_is_cut_to_the_newest_forty() -> None:
    with serving() as bench:
        longest = max(bench.world.alive(), key=lambda one: len(one.history))
        log = ask(bench, f"rest/api/3/issue/{longest.id}", params={"expand": "changelog"}).json()[
            "changelog"
        ]
        assert log["total"] == len(longest.history) > 40
        assert len(log["histories"]) == 40


def test_data_center_knows_no_version_three() -> None:
    """B61: Which version to speak follows from the deployment."""
    with serving(cloud=False) as bench:
        token = bench.world.credentials["owner"].token
        answer = requests.get(
            f"{bench.simulator.url(bench.dialect)}/rest/api/3/myself",
            headers={"Authorization": f"Bearer {token}"},
            timeout=5,
        )
        assert answer.status_code == 404
        assert "text/html" in answer.headers["Content-Type"]


def test_a_moved_issue_redirects_its_old_key() -> None:
    with serving(projects=2) as bench:
        world = bench.world
        first, second = list(world.projects.values())[:2]
        issue = world.issues[world.by_project[first.id][4]]
        old = issue.key
        world.move(issue, second)
        assert ask(bench, f"rest/api/3/issue/{old}").json()["key"] == issue.key


def test_what_is_not_visible_is_not_found() -> None:
    with serving() as bench:
        issue = next(iter(bench.world.alive()))
        issue.hidden_from.add("owner")
        assert ask(bench, f"rest/api/3/issue/{issue.id}").status_code == 404


def test_faults_answer_as_often_as_told_and_hooks_run_once() -> None:
    with serving() as bench:
        seen: list[int] = []
        bench.simulator.script.faults.append(Fault("myself", status=503, times=2))
        bench.simulator.script.hooks.append(Hook("myself", lambda: seen.append(1)))
        codes = [ask(bench, "rest/api/3/myself").status_code for _ in range(3)]
        assert codes == [503, 503, 200]
        assert seen == [1]
        assert [one.status for one in bench.simulator.log] == codes


def test_it_runs_as_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "connectors.simulator.server", "--seed", "4", "--issues", "20"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            # One line for each server, and at last the login.
            told = {}
            while "login" not in told:
                name, *rest = process.stdout.readline().split()
                told[name] = rest
            urls = {name: rest[0] for name, rest in told.items()}
            email, token = told["login"]
            info = requests.get(f"{urls['jira-dc']}/rest/api/2/serverInfo", timeout=5).json()
            assert info["deploymentType"] == "Server"
            me = requests.get(
                f"{urls['jira-cloud']}/rest/api/3/myself", auth=(email, token), timeout=5
            )
            assert me.json()["emailAddress"] == email
        finally:
            process.terminate()


def test_many_clients_at_once_get_whole_answers() -> None:
    with serving(issues=100) as bench:
        expected = ask(bench, "rest/api/3/field").json()
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: ask(bench, "rest/api/3/field").json(), range(40)))
        assert answers == [expected] * 40
        assert len(bench.simulator.log) == 41
