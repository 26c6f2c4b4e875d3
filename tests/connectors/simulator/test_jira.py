"""Jira's two manners of speaking, as the vendor documents them."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from support.jira_site import NOW, Bench, serving

CLOUD, SERVER = "rest/api/3", "rest/api/2"
AGILE = "rest/agile/1.0"


def call(bench: Bench, path: str, body: Any = None, **params: Any) -> requests.Response:
    """One request as the owner."""
    who = bench.world.credentials["owner"]
    url = f"{bench.simulator.url(bench.dialect)}/{path}"
    login: dict[str, Any] = {"headers": {"Authorization": f"Bearer {who.token}"}}
    if bench.dialect == "jira-cloud":
        login = {"auth": (who.email, who.token)}
    if body is None:
        return requests.get(url, params=params, timeout=5, **login)
    return requests.post(url, json=body, timeout=5, **login)


def ids(answer: requests.Response, name: str = "issues") -> list[str]:
    assert answer.status_code == 200, answer.text
    return [str(one["id"]) for one in answer.json()[name]]


# --- who may see what -----------------------------------------------------------------------------


def test_a_project_without_access_is_not_found_and_breaks_a_query_that_names_it() -> None:
    with serving(projects=2) as bench:
        first, second = bench.world.projects.values()
        issue = next(one for one in bench.world.alive() if one.project_id == first.id)
        bench.world.revoke(bench.world.credentials["owner"], first)
        assert call(bench, f"{CLOUD}/project/{first.id}").status_code == 404
        assert call(bench, f"{CLOUD}/project/{first.id}/versions").status_code == 404
        assert call(bench, f"{CLOUD}/issue/{issue.key}").status_code == 404
        assert ids(call(bench, f"{CLOUD}/project/search"), "values") == [str(second.id)]
        answer = call(
            bench, f"{CLOUD}/search/jql", {"jql": f"project in ({first.id}, {second.id})"}
        )
        assert answer.status_code == 400
        assert answer.json()["errorMessages"] == [
            f"The value '{first.id}' does not exist for the field 'project'."
        ]


def test_an_archived_project_is_listed_only_when_asked_for() -> None:
    with serving(projects=2) as bench:
        first, second = bench.world.projects.values()
        bench.world.archive_project(first)
        assert ids(call(bench, f"{CLOUD}/project/search"), "values") == [str(second.id)]
        asked = call(bench, f"{CLOUD}/project/search", status="archived")
        assert ids(asked, "values") == [str(first.id)]
        assert asked.json()["values"][0]["archived"] is True
        assert call(bench, f"{CLOUD}/project/{first.id}").json()["archived"] is True
        found = ids(call(bench, f"{CLOUD}/search/jql", {"jql": "id > 0", "maxResults": 5000}))
        assert set(found) == bench.alive(second.key)
        refused = call(bench, f"{CLOUD}/search/jql", {"jql": f"project = {first.key}"})
        assert refused.status_code == 400


def test_restricted_items_are_for_those_who_may() -> None:
    with serving() as bench:
        secret = {str(one.id) for one in bench.world.alive() if one.restricted}
        bench.world.credentials["owner"].sees_restricted = False
        found = ids(call(bench, f"{CLOUD}/search/jql", {"jql": "project = APO", "maxResults": 500}))
        assert secret
        assert set(found) == bench.alive("APO") - secret


def test_permissions_are_told_for_a_project_and_must_be_named() -> None:
    with serving() as bench:
        project = next(iter(bench.world.projects.values()))
        asked = call(
            bench,
            f"{CLOUD}/mypermissions",
            permissions="BROWSE_PROJECTS,ADMINISTER_PROJECTS",
            projectId=str(project.id),
        ).json()["permissions"]
        held = {key: one["havePermission"] for key, one in asked.items()}
        assert held == {"BROWSE_PROJECTS": True, "ADMINISTER_PROJECTS": False}
        assert call(bench, f"{CLOUD}/mypermissions").status_code == 400
        bench.world.revoke(bench.world.credentials["owner"], project)
        gone = call(bench, f"{CLOUD}/mypermissions", permissions="X", projectId=str(project.id))
        assert gone.status_code == 404


@pytest.mark.parametrize("cloud", [True, False])
def test_nobody_is_let_in_without_a_login(cloud: bool) -> None:
    with serving(cloud=cloud) as bench:
        base = bench.simulator.url(bench.dialect)
        assert requests.get(f"{base}/rest/api/2/myself", timeout=5).status_code == 401
        assert requests.get(f"{base}/rest/api/2/serverInfo", timeout=5).status_code == 200
        bench.world.credentials["owner"].revoked = True
        assert call(bench, "rest/api/2/myself").status_code == 401


def test_failed_logins_end_at_a_captcha_on_data_center() -> None:
    with serving(cloud=False) as bench:
        url = f"{bench.simulator.url(bench.dialect)}/{SERVER}/myself"
        answers = [requests.get(url, auth=("user0", "wrong"), timeout=5) for _ in range(4)]
        assert [one.status_code for one in answers] == [401, 401, 401, 403]
        assert answers[-1].headers["X-Seraph-LoginReason"] == "AUTHENTICATION_DENIED"
        assert answers[-1].headers["X-Authentication-Denied-Reason"].startswith("CAPTCHA")


@pytest.mark.parametrize(("cloud", "path"), [(True, "login.jsp"), (False, "secure/Dashboard.jspa")])
def test_whatever_is_no_api_is_a_page_for_people(cloud: bool, path: str) -> None:
    with serving(cloud=cloud) as bench:
        answer = call(bench, path)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/html")


def test_what_is_no_endpoint_is_not_found_and_another_method_not_allowed() -> None:
    with serving() as bench:
        assert call(bench, f"{CLOUD}/nonsense").status_code == 404
        assert call(bench, f"{CLOUD}/myself", {}).status_code == 405


# --- shapes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Kolkata"])
def test_times_are_told_in_the_zone_of_the_profile(zone: str) -> None:
    with serving() as bench:
        bench.world.credentials["owner"].time_zone = zone
        issue = next(iter(bench.world.alive()))
        told = call(bench, f"{CLOUD}/issue/{issue.id}").json()["fields"]["created"]
        moment = datetime.strptime(told, "%Y-%m-%dT%H:%M:%S.%f%z")
        assert abs(moment - issue.created) < timedelta(milliseconds=1)
        offset = {"UTC": "+0000", "America/Los_Angeles": "-0", "Asia/Kolkata": "+0530"}[zone]
        assert offset in told[-5:]


def test_text_is_a_document_in_version_three_and_markup_in_two() -> None:
    with serving() as bench:
        issue = next(one for one in bench.world.alive() if "h2. Done" in one.description)
        new = call(bench, f"{CLOUD}/issue/{issue.id}").json()["fields"]["description"]
        old = call(bench, f"{SERVER}/issue/{issue.id}").json()["fields"]["description"]
        assert (new["type"], new["content"][0]["type"]) == ("doc", "heading")
        assert old == issue.description


def test_a_service_account_is_an_app() -> None:
    with serving() as bench:
        issue = next(
            one
            for one in bench.world.alive()
            if any(entry.author == "5b10abot0" for entry in one.history)
        )
        log = call(bench, f"{CLOUD}/issue/{issue.id}/changelog").json()["values"]
        assert "app" in {entry["author"]["accountType"] for entry in log}


def test_an_import_has_neither_reporter_nor_authors() -> None:
    with serving() as bench:
        issue = next(one for one in bench.world.alive() if one.reporter is None)
        told = call(bench, f"{CLOUD}/issue/{issue.id}", expand="changelog").json()
        assert told["fields"]["reporter"] is None
        assert all("author" not in entry for entry in told["changelog"]["histories"])


def test_data_center_speaks_of_sprints_in_strings_and_of_epics_by_key() -> None:
    with serving(cloud=False) as bench:
        issue = next(one for one in bench.world.alive() if one.sprints and one.parent_id)
        sprint = bench.world.sprints[issue.sprints[0]]
        fields = call(bench, f"{SERVER}/issue/{issue.id}").json()["fields"]
        text = fields["customfield_10020"][0]
        assert f"[id={sprint.id},rapidViewId={sprint.board_id},state=" in text
        assert f",name={sprint.name},startDate=" in text
        assert issue.parent_id is not None
        assert fields["customfield_10014"] == bench.world.issues[issue.parent_id].key
        assert "parent" not in fields
        child = next(one for one in bench.world.alive() if one.type == "Sub-task")
        assert "parent" in call(bench, f"{SERVER}/issue/{child.id}").json()["fields"]


def test_data_center_names_its_user_and_its_people_by_login() -> None:
    with serving(cloud=False) as bench:
        answer = call(bench, f"{SERVER}/myself")
        assert answer.headers["X-AUSERNAME"] == answer.json()["name"] == "user0"
        assert "accountId" not in answer.json()


def test_cloud_tells_histories_in_epoch_milliseconds_where_it_is_told_to() -> None:
    for epoch in (True, False):
        with serving(epoch_histories=epoch) as bench:
            issue = next(one for one in bench.world.alive() if one.history)
            logs = call(
                bench, f"{CLOUD}/changelog/bulkfetch", {"issueIdsOrKeys": [str(issue.id)]}
            ).json()["issueChangeLogs"]
            created = logs[0]["changeHistories"][0]["created"]
            assert isinstance(created, int) is epoch


# --- searches -------------------------------------------------------------------------------------


def test_the_pages_of_a_search_hold_every_item_once_in_order() -> None:
    with serving(projects=2, issues=150) as bench:
        body: dict[str, Any] = {
            "jql": "project in (APO, BEE) ORDER BY updated ASC, id ASC",
            "fields": ["updated"],
            "maxResults": 40,
        }
        found, sizes = [], []
        while True:
            page = call(bench, f"{CLOUD}/search/jql", body).json()
            found += [int(one["id"]) for one in page["issues"]]
            sizes.append(len(page["issues"]))
            assert page["isLast"] is ("nextPageToken" not in page)
            assert "total" not in page
            if page["isLast"]:
                break
            body["nextPageToken"] = page["nextPageToken"]
        issues = list(bench.world.alive())
        assert found == [one.id for one in sorted(issues, key=lambda one: (one.updated, one.id))]
        assert set(sizes[:-1]) == {40}
        count = call(bench, f"{CLOUD}/search/approximate-count", {"jql": body["jql"]}).json()
        assert count == {"count": len(found)}


def test_an_item_that_changes_during_the_walk_comes_again_at_its_end() -> None:
    with serving() as bench:
        body: dict[str, Any] = {"jql": "project = APO ORDER BY updated ASC", "maxResults": 10}
        first = call(bench, f"{CLOUD}/search/jql", body).json()
        changed = int(first["issues"][0]["id"])
        bench.world.now += timedelta(minutes=1)
        bench.world.rename(bench.world.issues[changed], "Changed meanwhile")
        rest = call(
            bench,
            f"{CLOUD}/search/jql",
            {**body, "nextPageToken": first["nextPageToken"], "maxResults": 5000},
        )
        assert ids(rest)[-1] == str(changed)


def test_descending_order_is_the_reverse() -> None:
    with serving(projects=2) as bench:
        both = []
        for way in ("ASC", "DESC"):
            body = {"jql": f"project in (APO, BEE) ORDER BY created {way}", "maxResults": 5000}
            both.append(ids(call(bench, f"{CLOUD}/search/jql", body)))
        assert both[0] == both[1][::-1]
        paged: list[str] = []
        token: dict[str, Any] = {}
        while True:
            body = {"jql": "project in (APO, BEE) ORDER BY created DESC", "maxResults": 7, **token}
            page = call(bench, f"{CLOUD}/search/jql", body)
            paged += ids(page)
            if page.json()["isLast"]:
                break
            token = {"nextPageToken": page.json()["nextPageToken"]}
        assert paged == both[1]


def test_data_center_pages_by_offset_up_to_its_cap() -> None:
    with serving(cloud=False, page_cap=25) as bench:
        found: list[str] = []
        while True:
            page = call(
                bench,
                f"{SERVER}/search",
                jql="project = APO ORDER BY id ASC",
                startAt=len(found),
                maxResults=1000,
                fields="summary",
            )
            assert page.json()["maxResults"] == 25
            found += ids(page)
            if len(found) >= page.json()["total"]:
                break
        assert set(found) == bench.alive("APO")
        assert len(found) == len(set(found))


def test_data_center_sends_the_whole_history_inline() -> None:
    with serving(cloud=False) as bench:
        longest = max(bench.world.alive(), key=lambda one: len(one.history))
        page = call(
            bench, f"{SERVER}/search", {"jql": f"id = {longest.id}", "expand": ["changelog"]}
        )
        log = page.json()["issues"][0]["changelog"]
        assert log["total"] == len(log["histories"]) == len(longest.history) > 40


def test_a_server_may_keep_no_order_by_updated() -> None:
    with serving(cloud=False, updated_order=False) as bench:
        page = call(
            bench, f"{SERVER}/search", {"jql": "project = APO ORDER BY updated", "maxResults": 500}
        )
        updated = [one["fields"]["updated"] for one in page.json()["issues"]]
        assert updated != sorted(updated)


def test_a_lagging_index_shows_changes_later() -> None:
    with serving(index_lag=timedelta(minutes=5)) as bench:
        issue = bench.world.create_issue(
            next(iter(bench.world.projects.values())), "Task", "Fresh", reporter="5b10a0001"
        )
        body = {"jql": "project = APO", "maxResults": 5000}
        assert str(issue.id) not in ids(call(bench, f"{CLOUD}/search/jql", body))
        assert call(bench, f"{CLOUD}/issue/{issue.id}").status_code == 200
        bench.clock.sleep(301)
        assert str(issue.id) in ids(call(bench, f"{CLOUD}/search/jql", body))


# --- histories ------------------------------------------------------------------------------------


def test_bulk_histories_straddle_pages_and_lose_no_entry() -> None:
    with serving() as bench:
        issues = list(bench.world.alive())
        body: dict[str, Any] = {
            "issueIdsOrKeys": [str(one.id) for one in issues],
            "maxResults": 30,
        }
        found: dict[str, list[str]] = {}
        pages = 0
        while True:
            page = call(bench, f"{CLOUD}/changelog/bulkfetch", body).json()
            pages += 1
            for log in page["issueChangeLogs"]:
                found.setdefault(log["issueId"], []).extend(
                    entry["id"] for entry in log["changeHistories"]
                )
            if "nextPageToken" not in page:
                break
            body["nextPageToken"] = page["nextPageToken"]
        expected = {
            str(one.id): [str(entry.id) for entry in one.history] for one in issues if one.history
        }
        assert {key: sorted(value) for key, value in found.items()} == {
            key: sorted(value) for key, value in expected.items()
        }
        assert pages == -(-sum(map(len, expected.values())) // 30)


@pytest.mark.parametrize("many", [0, 1001])
def test_bulk_histories_take_one_to_a_thousand(many: int) -> None:
    with serving() as bench:
        body = {"issueIdsOrKeys": [str(n) for n in range(many)]}
        assert call(bench, f"{CLOUD}/changelog/bulkfetch", body).status_code == 400


def test_one_history_is_paged_by_a_hundred_oldest_first() -> None:
    with serving() as bench:
        issue = next(iter(bench.world.alive()))
        for n in range(130):
            bench.world.relabel(issue, [f"label{n}"], at=NOW - timedelta(seconds=200 - n))
        total = len(issue.history)
        first = call(bench, f"{CLOUD}/issue/{issue.id}/changelog").json()
        rest = call(bench, f"{CLOUD}/issue/{issue.id}/changelog", startAt=100).json()
        assert (len(first["values"]), first["isLast"], first["total"]) == (100, False, total)
        assert (len(rest["values"]), rest["isLast"]) == (total - 100, True)
        told = [entry["id"] for entry in first["values"] + rest["values"]]
        assert told == [str(entry.id) for entry in issue.history]


def test_issues_by_id_come_at_most_a_hundred_and_without_the_unseen() -> None:
    with serving(issues=150) as bench:
        issues = list(bench.world.alive())
        bench.world.delete(issues[0])
        body = {"issueIdsOrKeys": [str(one.id) for one in issues[:100]], "fields": ["project"]}
        assert len(ids(call(bench, f"{CLOUD}/issue/bulkfetch", body))) == 99
        body["issueIdsOrKeys"] = [str(one.id) for one in issues[:101]]
        assert call(bench, f"{CLOUD}/issue/bulkfetch", body).status_code == 400


# --- versions, boards, sprints --------------------------------------------------------------------


def test_versions_come_whole_and_in_pages_without_deleted_ones() -> None:
    with serving() as bench:
        project = next(iter(bench.world.projects.values()))
        bench.world.delete_version(bench.world.version_named("Release 3.3", project))
        whole = call(bench, f"{CLOUD}/project/{project.id}/versions").json()
        assert [one["name"] for one in whole] == ["Release 3.0", "Release 3.1", "Release 3.2"]
        page = call(bench, f"{CLOUD}/project/{project.key}/version", maxResults=2).json()
        assert page["values"] == whole[:2]
        assert (page["isLast"], page["total"]) == (False, 3)


def test_boards_know_their_project_and_kanban_has_no_sprints() -> None:
    with serving(projects=2) as bench:
        boards = call(bench, f"{AGILE}/board").json()["values"]
        assert [one["location"]["projectKey"] for one in boards] == ["APO", "BEE"]
        scrum, kanban = boards
        assert call(bench, f"{AGILE}/board/{scrum['id']}").json() == scrum
        assert call(bench, f"{AGILE}/board/1").status_code == 404
        states = {
            one["state"]
            for one in call(bench, f"{AGILE}/board/{scrum['id']}/sprint").json()["values"]
        }
        assert states == {"closed", "active", "future"}
        active = call(bench, f"{AGILE}/board/{scrum['id']}/sprint", state="active").json()["values"]
        assert call(bench, f"{AGILE}/sprint/{active[0]['id']}").json() == active[0]
        refused = call(bench, f"{AGILE}/board/{kanban['id']}/sprint")
        assert refused.status_code == 400
        assert "does not support sprints" in refused.text


def test_a_future_sprint_has_no_dates_and_a_closed_one_three() -> None:
    with serving() as bench:
        board = next(iter(bench.world.boards.values()))
        told = call(bench, f"{AGILE}/board/{board.id}/sprint").json()["values"]
        by_state = {one["state"]: one for one in told}
        assert not {"startDate", "endDate", "completeDate"} & by_state["future"].keys()
        assert {"startDate", "endDate", "completeDate"} <= by_state["closed"].keys()
        assert "completeDate" not in by_state["active"]
