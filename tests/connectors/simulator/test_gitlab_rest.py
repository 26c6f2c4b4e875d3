"""The simulated GitLab's REST API: shapes, filters, histories, access, and moves between runs."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from support.gitlab_code import JOBS, NOW, Company, company

from connectors.simulator.code_things import FileEdit
from connectors.simulator.limits import Limit


@pytest.fixture
def site() -> Company:
    return company()


def project(site: Company) -> str:
    return f"projects/{site.shop.id}"


def change(site: Company, part: str = "") -> str:
    return f"{project(site)}/merge_requests/{site.merged.number}{part}"


def issue(site: Company, part: str = "") -> str:
    return f"{project(site)}/issues/{site.bug.number}{part}"


# --- the server and who asks ---------------------------------------------------------------------


def test_it_tells_its_version_and_who_asks(site: Company) -> None:
    assert site.json("version")["version"] == "18.6.0-ee"
    assert site.json("metadata")["enterprise"] is True
    assert site.json("user")["username"] == "ada"
    assert site.json("personal_access_tokens/self")["scopes"] == ["read_api"]


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Private-Token": "wrong"}]
)
def test_without_a_good_token_nothing_is_told(site: Company, headers: dict[str, str]) -> None:
    assert site.ask("GET", "api/v4/version", headers=headers).status == 401


def test_a_token_may_stand_in_a_header_of_its_own(site: Company) -> None:
    headers = {"Private-Token": site.owner.token}
    assert site.ask("GET", "api/v4/version", headers=headers).status == 200


def test_a_token_without_the_scope_reads_nothing_but_itself(site: Company) -> None:
    site.world.code.access_of(site.owner).scopes = ("read_user",)
    refused = site.get("projects")
    assert refused.status == 403
    assert orjson.loads(refused.body)["error"] == "insufficient_scope"
    assert site.json("user")["username"] == "ada"
    assert site.json("personal_access_tokens/self")["scopes"] == ["read_user"]


def test_an_expired_token_is_refused() -> None:
    site = company(token_expires=date(2026, 3, 2))
    assert site.json("personal_access_tokens/self")["expires_at"] == "2026-03-02"
    site.clock.advance(timedelta(days=1))
    assert site.get("user").status == 401


def test_a_blocked_person_is_told_so_and_shown_as_blocked(site: Company) -> None:
    site.world.people["b2"].active = False
    assert site.json(change(site))["author"]["state"] == "blocked"
    site.world.people["a1"].active = False
    assert b"blocked" in site.get("user").body


def test_what_is_left_of_the_limit_stands_in_every_answer_until_nothing_is() -> None:
    site = company(limit=Limit(2, timedelta(minutes=1)))
    first = site.get("version")
    assert first.headers["RateLimit-Remaining"] == "1"
    assert site.get("version").status == 200
    refused = site.get("version")
    assert refused.status == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    site.clock.advance(timedelta(minutes=1))
    assert site.get("version").status == 200


def test_a_limit_of_one_endpoint_is_refused_without_a_header() -> None:
    site = company(project_limit=Limit(1, timedelta(minutes=1)))
    assert site.get(project(site)).status == 200
    refused = site.get(project(site))
    assert refused.status == 429
    assert not [name for name in refused.headers if "limit" in name.lower()]
    assert "Retry-After" not in refused.headers
    assert site.get(f"{project(site)}/issues").status == 200


def test_writing_is_refused(site: Company) -> None:
    assert site.ask("POST", f"api/v4/{project(site)}/issues").status == 405


# --- projects ---------------------------------------------------------------------------------


def test_a_project_is_found_by_id_and_by_path(site: Company) -> None:
    by_id = site.json(project(site))
    by_path = site.json(f"projects/{quote('apollo/web/shop', safe='')}")
    assert by_id == by_path
    assert by_id["path_with_namespace"] == "apollo/web/shop"
    assert by_id["namespace"]["full_path"] == "apollo/web"
    assert by_id["builds_access_level"] == "enabled"
    assert site.json(f"projects/{site.fork.id}")["empty_repo"] is True


def test_a_former_path_leads_to_the_id_with_the_rest_of_the_address(site: Company) -> None:
    site.world.code.rename_repository(site.shop, "apollo/store")
    old = quote("apollo/web/shop", safe="")
    moved = site.get(f"projects/{old}/issues/1")
    assert moved.status == 301
    expected = f"http://127.0.0.1:7/gitlab/api/v4/projects/{site.shop.id}"
    assert moved.headers["Location"] == f"{expected}/issues/1"
    assert site.get(f"projects/{old}").headers["Location"] == expected
    assert site.json(project(site))["path_with_namespace"] == "apollo/store"


def test_a_hidden_project_is_not_there_and_comes_back(site: Company) -> None:
    site.world.code.hide(site.owner, site.shop)
    for path in (project(site), f"{project(site)}/issues", change(site)):
        found = site.get(path)
        assert (found.status, found.body) == (404, b'{"message":"404 Project Not Found"}')
    assert site.shop.id not in [one["id"] for one in site.json("projects")]
    site.world.code.show(site.owner, site.shop)
    assert site.get(project(site)).status == 200


@pytest.mark.parametrize(
    ("feature", "part"),
    [
        ("issues", "issues"),
        ("changes", "merge_requests"),
        ("ci", "pipelines"),
        ("ci", "jobs"),
        ("releases", "releases"),
        ("deployments", "deployments"),
    ],
)
def test_a_feature_that_is_off_is_forbidden(site: Company, feature: str, part: str) -> None:
    assert site.get(f"{project(site)}/{part}").status == 200
    site.world.code.switch(site.shop, feature, False)
    assert site.get(f"{project(site)}/{part}").status == 403
    site.world.code.switch(site.shop, feature, True)
    site.world.code.access_of(site.owner).lacking.add(feature)
    assert site.get(f"{project(site)}/{part}").status == 403


def test_a_guest_of_a_project_sees_no_code_of_it(site: Company) -> None:
    assert site.get(f"{project(site)}/repository/commits").status == 200
    site.world.code.access_of(site.owner).lacking.add("contents")
    for part in ("commits", "tags", "branches", "compare?from=main&to=main"):
        assert site.get(f"{project(site)}/repository/{part}").status == 403
    assert site.get(f"{project(site)}/issues").status == 200


def test_a_page_for_people_is_no_api(site: Company) -> None:
    assert site.ask("GET", "apollo/web/shop").content_type.startswith("text/html")
    assert site.get("nothing/like/that").status == 404


# --- plans --------------------------------------------------------------------------------------


def test_milestones_of_the_groups_around_come_only_when_asked_for(site: Company) -> None:
    own = site.json(f"{project(site)}/milestones")
    assert [one["title"] for one in own] == ["1.0"]
    assert (own[0]["start_date"], own[0]["due_date"]) == ("2026-02-01", "2026-03-20")
    assert own[0]["project_id"] == site.shop.id
    every = site.json(f"{project(site)}/milestones", include_ancestors="true")
    assert [one["title"] for one in every] == ["1.0", "Q1"]
    assert every[1]["group_id"] == site.top.id
    site.world.code.close_milestone(site.plan)
    assert site.json(f"{project(site)}/milestones", state="active") == []
    assert site.json(f"{project(site)}/milestones", state="closed")[0]["id"] == site.plan.id


def test_an_iteration_is_current_by_the_day() -> None:
    site = company()
    path = f"groups/{site.top.id}/iterations"
    assert [one["state"] for one in site.json(path)] == [2]
    site.clock.advance(timedelta(days=7))
    assert [one["state"] for one in site.json(path)] == [3]
    assert site.json(f"{project(site)}/iterations")[0]["id"] == site.iteration.id
    assert company(premium=False).get(path).status == 404


# --- issues -----------------------------------------------------------------------------------


def test_an_issue_has_what_belongs_to_it(site: Company) -> None:
    found = site.json(issue(site))
    assert found["references"]["full"] == "apollo/web/shop#1"
    assert found["labels"] == ["bug"]
    assert found["milestone"]["id"] == site.plan.id
    assert (found["weight"], found["iteration"]["id"]) == (3, site.iteration.id)
    assert [one["username"] for one in found["assignees"]] == ["ben"]
    # The merge request that closes it has landed on the default branch.
    assert found["state"] == "closed"
    assert found["closed_by"]["username"] == "ada"
    assert "weight" not in company(premium=False).json(issue(site))


def test_the_past_of_an_issue_comes_by_kind(site: Company) -> None:
    events: dict[str, list[dict[str, Any]]] = {
        kind: site.json(issue(site, f"/resource_{kind}_events"))
        for kind in ("state", "label", "milestone", "iteration", "weight")
    }
    assert [one["state"] for one in events["state"]] == ["closed"]
    assert events["state"][0]["source_merge_request"]["iid"] == site.merged.number
    assert [(one["action"], one["label"]["name"]) for one in events["label"]] == [("add", "bug")]
    assert [one["milestone"]["id"] for one in events["milestone"]] == [site.plan.id]
    assert [one["iteration"]["id"] for one in events["iteration"]] == [site.iteration.id]
    assert [one["weight"] for one in events["weight"]] == [3]
    assert events["weight"][0]["user"]["username"] == "ben"


def test_a_deleted_milestone_is_null_in_events_and_gone_from_the_issue(site: Company) -> None:
    before = site.json(issue(site))["updated_at"]
    site.world.code.delete_milestone(site.plan)
    found = site.json(issue(site))
    assert (found["milestone"], found["updated_at"]) == (None, before)
    assert site.json(issue(site, "/resource_milestone_events"))[0]["milestone"] is None


def test_a_confidential_issue_is_there_only_for_those_who_may_see_it(site: Company) -> None:
    assert {one["title"] for one in site.json(f"{project(site)}/issues")} == {
        "Cart is empty",
        "Leak",
    }
    site.world.code.access_of(site.owner).sees_confidential = False
    assert [one["title"] for one in site.json(f"{project(site)}/issues")] == ["Cart is empty"]
    assert site.get(f"{project(site)}/issues/{site.secret.number}").status == 404


def test_issues_are_filtered_by_when_they_changed(site: Company) -> None:
    path = f"{project(site)}/issues"
    changed = site.json(issue(site))["updated_at"]
    assert [one["iid"] for one in site.json(path, updated_after=changed)] == [1]
    later = (site.bug.updated + timedelta(milliseconds=1)).isoformat()
    assert site.json(path, updated_after=later) == []
    rows = site.json(path, order_by="updated_at", sort="asc")
    assert [one["iid"] for one in rows] == [2, 1]
    assert [one["iid"] for one in site.json(path, state="opened")] == [2]
    assert site.get(f"{path}?updated_after=2026-03-01T00:00:00+01:00").status == 400
    assert site.get(f"{path}?updated_after=2026-03-01T00:00:00%2B01:00").status == 200


def test_a_moved_issue_stays_behind_closed_and_says_where_it_went(site: Company) -> None:
    when = site.bug.updated + timedelta(days=1)
    moved = site.world.code.transfer(site.bug, site.fork, at=when, by="a1")
    old = site.json(issue(site))
    assert (old["state"], old["moved_to_id"]) == ("closed", moved.id)
    assert old["updated_at"] == "2026-02-08T12:00:00.250Z"
    assert site.json(issue(site, "/resource_state_events"))[-1]["state"] == "closed"
    fresh = site.json(f"projects/{site.fork.id}/issues/1")
    assert (fresh["id"], fresh["title"]) == (moved.id, "Cart is empty")


def test_a_deleted_issue_is_not_there(site: Company) -> None:
    site.world.code.delete_issue(site.secret)
    assert site.get(f"{project(site)}/issues/2").status == 404
    assert [one["iid"] for one in site.json(f"{project(site)}/issues")] == [1]


def test_issues_can_be_paged_by_key_on_newer_servers_only(site: Company) -> None:
    asked = {"pagination": "keyset", "order_by": "updated_at", "sort": "asc", "per_page": 1}
    first = site.get(f"{project(site)}/issues", **asked)
    assert "X-Page" not in first.headers
    assert "cursor=" in first.headers["Link"]
    old = company(keyset_issues=False)
    assert old.get(f"{project(old)}/issues", **asked).headers["X-Page"] == "1"


def test_links_show_both_sides_and_hide_what_may_not_be_seen(site: Company) -> None:
    site.world.code.block(site.bug, site.secret)
    there = site.json(issue(site, "/links"))
    back = site.json(f"{project(site)}/issues/2/links")
    assert [(one["iid"], one["link_type"]) for one in there] == [(2, "is_blocked_by")]
    assert [(one["iid"], one["link_type"]) for one in back] == [(1, "blocks")]
    assert there[0]["issue_link_id"] == back[0]["issue_link_id"]
    site.world.code.access_of(site.owner).sees_confidential = False
    assert site.json(issue(site, "/links")) == []


# --- merge requests -----------------------------------------------------------------------------


def test_a_list_of_merge_requests_tells_no_pipeline_and_one_alone_does(site: Company) -> None:
    row = next(one for one in site.json(f"{project(site)}/merge_requests") if one["iid"] == 1)
    assert "head_pipeline" not in row
    assert row["merge_commit_sha"] == site.merged.landed_sha
    found = site.json(change(site))
    # The newest pipeline of its head ran on a commit made of source and target.
    assert found["head_pipeline"]["id"] == site.runs["result"].id
    assert found["head_pipeline"]["sha"] != found["sha"]
    assert found["diff_refs"]["head_sha"] == site.merged.head_sha


@pytest.mark.parametrize(
    ("method", "merge", "squash"),
    [("merge", True, False), ("squash", True, True), ("fast-forward", False, False)],
)
def test_what_landed_is_told_where_the_method_puts_it(
    site: Company, method: Any, merge: bool, squash: bool
) -> None:
    site.world.code.merge(site.open, method, by="a1")
    found = site.json(f"{project(site)}/merge_requests/{site.open.number}")
    assert (found["merge_commit_sha"] is not None, found["squash_commit_sha"] is not None) == (
        merge,
        squash,
    )
    landed = found["merge_commit_sha"] or found["squash_commit_sha"] or found["sha"]
    assert landed == site.open.landed_sha


def test_its_commits_have_no_parents_in_its_own_list(site: Company) -> None:
    rows = site.json(change(site, "/commits"))
    assert [one["title"] for one in rows] == ["Tidy", "Fill it"]
    assert rows[0]["parent_ids"] == []
    sha = rows[0]["id"]
    alone = site.json(f"{project(site)}/repository/commits/{sha}")
    assert alone["parent_ids"] == [rows[1]["id"]]


def test_files_have_their_lines_unless_they_are_too_large(site: Company) -> None:
    found = {one["new_path"]: one for one in site.json(change(site, "/diffs"))}
    lines = found["src/cart.py"]["diff"].splitlines()[1:]
    assert (sum(x.startswith("+") for x in lines), sum(x.startswith("-") for x in lines)) == (3, 1)
    site.world.code.push(site.open, "Data", [FileEdit("data.json", "added", 9000, 0)])
    rows = site.json(f"{project(site)}/merge_requests/{site.open.number}/diffs")
    large = next(one for one in rows if one["new_path"] == "data.json")
    assert (large["too_large"], large["diff"], large["new_file"]) == (True, "", True)


def test_each_push_is_a_version(site: Company) -> None:
    rows = site.json(change(site, "/versions"))
    assert len(rows) == 2
    assert rows[0]["head_commit_sha"] == site.merged.head_sha
    assert rows[1]["head_commit_sha"] == site.merged.pushes[0].before
    assert rows[0]["created_at"] > rows[1]["created_at"]


def test_an_approval_moves_nothing_and_can_be_taken_back(site: Company) -> None:
    path = f"{project(site)}/merge_requests/{site.open.number}"
    before = site.json(path)["updated_at"]
    review = site.world.code.review(site.open, "a1", at=NOW)
    found = site.json(f"{path}/approvals")
    assert [one["user"]["username"] for one in found["approved_by"]] == ["ada"]
    assert found["approved_by"][0]["approved_at"] == "2026-03-02T12:00:00.250Z"
    notes = [one["body"] for one in site.json(f"{path}/notes") if one["system"]]
    assert notes == ["approved this merge request"]
    assert site.json(path)["updated_at"] == before
    site.world.code.dismiss(site.open, review)
    assert site.json(f"{path}/approvals")["approved"] is False
    older = company(approval_times=False, premium=False)
    assert "approved_at" not in older.json(change(older, "/approvals"))["approved_by"][0]
    assert older.get(change(older, "/approval_state")).status == 404


def test_it_closes_issues_of_its_own_and_of_a_tracker_elsewhere(site: Company) -> None:
    jira = site.world.add_project("APO", "Apollo", "scrum")
    item = site.world.create_issue(jira, "Story", "Elsewhere")
    site.world.code.describe(site.merged, f"Closes #1, closes {item.key}, closes NOPE-7")
    rows = site.json(change(site, "/closes_issues"))
    assert [one.get("iid") for one in rows] == [1, None]
    assert rows[1] == {"id": "APO-1", "title": "Elsewhere"}
    assert [one["iid"] for one in site.json(issue(site, "/closed_by"))] == [1]


# --- pipelines --------------------------------------------------------------------------------


def test_pipelines_of_a_merge_request_tell_by_their_ref_what_they_tested(site: Company) -> None:
    rows = site.json(change(site, "/pipelines"))
    assert [(one["id"], one["ref"], one["source"]) for one in rows] == [
        (site.runs["result"].id, "refs/merge-requests/1/merge", "merge_request_event"),
        (site.runs["head"].id, "refs/merge-requests/1/head", "merge_request_event"),
    ]


def test_child_pipelines_are_listed_only_by_their_source(site: Company) -> None:
    path = f"{project(site)}/pipelines"
    plain = [one["id"] for one in site.json(path)]
    assert site.runs["child"].id not in plain
    assert plain == sorted(plain, reverse=True)
    children = site.json(path, source="parent_pipeline")
    assert [one["id"] for one in children] == [site.runs["child"].id]
    bridges = site.json(f"{path}/{site.runs['push'].id}/bridges")
    assert [one["downstream_pipeline"]["id"] for one in bridges] == [site.runs["child"].id]


def test_a_list_lacks_the_times_and_coverage_that_one_alone_has(site: Company) -> None:
    path = f"{project(site)}/pipelines"
    assert not {"started_at", "finished_at", "coverage"} & site.json(path)[0].keys()
    found = site.json(f"{path}/{site.runs['push'].id}")
    # The failed job may fail.
    assert (found["status"], found["coverage"], found["duration"]) == ("success", "81.50", 180.0)


def test_a_pipeline_is_told_again_when_it_changes_and_not_at_its_own_instant(site: Company) -> None:
    path = f"{project(site)}/pipelines"
    run = site.runs["push"]
    asked = {"order_by": "updated_at", "sort": "asc", "updated_after": run.updated.isoformat()}
    assert site.json(path, **asked) == []
    site.world.code.ci.retry(site.shop, run, NOW, JOBS[1:2], finish=False)
    rows = site.json(path, **asked)
    assert [(one["id"], one["status"]) for one in rows] == [(run.id, "running")]


def test_jobs_that_were_tried_again_are_hidden_in_a_pipeline_and_shown_in_the_project(
    site: Company,
) -> None:
    run = site.runs["push"]
    site.world.code.ci.retry(site.shop, run, NOW, JOBS[1:2])
    path = f"{project(site)}/pipelines/{run.id}/jobs"
    assert [one["name"] for one in site.json(path)] == ["unit", "lint", "build"]
    every = site.json(path, include_retried="true")
    assert [one["name"] for one in every] == ["unit", "lint", "unit", "build"]
    assert len(site.json(f"{project(site)}/jobs", per_page=100)) == 3 + 3 + 4 + 1


def test_jobs_of_a_project_are_paged_by_key_in_one_order_only(site: Company) -> None:
    path = f"{project(site)}/jobs"
    first = site.get(path, pagination="keyset", per_page=3)
    ids = [one["id"] for one in orjson.loads(first.body)]
    assert ids == sorted(ids, reverse=True)
    assert "X-Total" not in first.headers
    assert 'rel="next"' in first.headers["Link"]
    assert site.get(path, pagination="keyset", sort="asc").status == 405


def test_a_test_report_counts_what_the_jobs_ran(site: Company) -> None:
    path = f"{project(site)}/pipelines/{site.runs['push'].id}"
    summary = site.json(f"{path}/test_report_summary")
    whole = summary["total"]
    assert (whole["count"], whole["success"], whole["failed"], whole["skipped"]) == (40, 37, 1, 2)
    assert len(summary["test_suites"][0]["build_ids"]) == 1
    report = site.json(f"{path}/test_report")
    assert report["total_count"] == len(report["test_suites"][0]["test_cases"]) == 40


# --- the repository -----------------------------------------------------------------------------


def test_a_comparison_is_empty_where_the_contents_are_equal(site: Company) -> None:
    code, path = site.world.code, f"{project(site)}/repository/compare"
    landed = str(site.merged.landed_sha)
    ask: dict[str, Any] = {"from": site.runs["result"].sha, "to": landed, "straight": "true"}
    equal = site.json(path, **ask)
    assert (equal["diffs"], equal["compare_timeout"]) == ([], False)
    code.commit(site.shop, "More", author="a1", files=[FileEdit("README.md")], at=NOW)
    other = site.json(path, **{**ask, "from": landed, "to": "main"})
    assert [one["new_path"] for one in other["diffs"]] == ["README.md"]
    assert [one["title"] for one in other["commits"]] == ["More"]
    assert site.get(path, **{"from": "nothing", "to": "main"}).status == 404


def test_commits_of_a_branch_come_newest_first_without_a_total(site: Company) -> None:
    answer = site.get(f"{project(site)}/repository/commits", per_page=2)
    rows = orjson.loads(answer.body)
    assert rows[0]["id"] == site.merged.landed_sha
    assert "X-Total" not in answer.headers
    assert site.json(f"projects/{site.fork.id}/repository/commits") == []
    found = site.json(f"{project(site)}/repository/commits/{rows[0]['id']}/merge_requests")
    assert [one["iid"] for one in found] == [site.merged.number]


def test_tags_releases_and_deployments(site: Company) -> None:
    code, sha = site.world.code, str(site.merged.landed_sha)
    code.tag(site.shop, "v1.0", sha, at=NOW)
    code.release(site.shop, "v1.0", "One", author="a1", at=NOW)
    code.deploy(site.shop, sha, "production", at=NOW, by="a1")
    tag = site.json(f"{project(site)}/repository/tags")[0]
    assert (tag["name"], tag["target"], tag["release"]["tag_name"]) == ("v1.0", sha, "v1.0")
    assert site.json(f"{project(site)}/releases/v1.0")["commit"]["id"] == sha
    put = site.json(f"{project(site)}/deployments")[0]
    assert (put["sha"], put["status"], put["environment"]["name"]) == (sha, "success", "production")
    asked = {"updated_after": (NOW - timedelta(hours=1)).isoformat()}
    assert site.get(f"{project(site)}/deployments", **asked).status == 400
    rows = site.json(f"{project(site)}/deployments", order_by="updated_at", **asked)
    assert [one["id"] for one in rows] == [put["id"]]


def test_only_the_newest_status_of_a_context_is_told_unless_all_are_asked_for(
    site: Company,
) -> None:
    sha = str(site.merged.landed_sha)
    for state in ("pending", "failure", "success"):
        site.world.code.ci.set_status(site.shop, sha, "external", state, NOW)
    path = f"{project(site)}/repository/commits/{sha}/statuses"
    assert [one["status"] for one in site.json(path)] == ["success"]
    every = [one["status"] for one in site.json(path, all="true")]
    assert every == ["pending", "failed", "success"]


# --- what is asked for seldom --------------------------------------------------------------------


def test_groups_by_id_and_path(site: Company) -> None:
    found = site.json(f"groups/{quote('apollo/web', safe='')}")
    assert found == site.json(f"groups/{site.inner.id}")
    assert (found["full_name"], found["parent_id"]) == ("Apollo / Web", site.top.id)
    assert site.get("groups/nowhere").status == 404
    own = site.json(f"groups/{site.top.id}/projects")
    every = site.json(f"groups/{site.top.id}/projects", include_subgroups="true")
    assert (own, [one["id"] for one in every]) == ([], [site.shop.id, site.fork.id])
    inner = site.json(f"groups/{site.inner.id}/milestones", include_ancestors="true")
    assert [one["title"] for one in inner] == ["Q1"]


def test_one_milestone_is_found_where_it_belongs(site: Company) -> None:
    assert site.json(f"{project(site)}/milestones/{site.plan.id}")["title"] == "1.0"
    assert site.get(f"{project(site)}/milestones/{site.quarter.id}").status == 404
    assert site.json(f"groups/{site.top.id}/milestones/{site.quarter.id}")["title"] == "Q1"


def test_projects_by_key(site: Company) -> None:
    asked = {"pagination": "keyset", "order_by": "id", "sort": "asc", "per_page": 1}
    first = site.get("projects", **asked)
    assert [one["id"] for one in orjson.loads(first.body)] == [site.shop.id]
    assert 'rel="next"' in first.headers["Link"]
    assert site.get("projects", **{**asked, "order_by": "name"}).status == 400


def test_a_fork_names_its_origin_and_members_their_rights(site: Company) -> None:
    fork = site.json(f"projects/{site.fork.id}")
    assert fork["forked_from_project"]["path_with_namespace"] == "apollo/web/shop"
    rows = site.json(f"{project(site)}/members/all")
    assert [(one["username"], one["access_level"]) for one in rows] == [("ada", 30), ("ben", 30)]


def test_a_mention_is_related_and_closes_nothing(site: Company) -> None:
    site.world.code.mention(site.open, site.bug)
    related = site.json(issue(site, "/related_merge_requests"))
    assert [one["iid"] for one in related] == [1, 2]
    assert [one["iid"] for one in site.json(issue(site, "/closed_by"))] == [1]
    notes = [one["body"] for one in site.json(issue(site, "/notes")) if one["system"]]
    assert "mentioned in merge request !2" in notes


def test_items_by_their_numbers(site: Company) -> None:
    rows = site.json(f"{project(site)}/issues?iids[]=2")
    assert [one["iid"] for one in rows] == [2]
    rows = site.json(f"{project(site)}/merge_requests?iids[]=1&iids[]=7")
    assert [one["iid"] for one in rows] == [1]
    opened = site.json(f"{project(site)}/merge_requests", state="opened")
    assert [one["iid"] for one in opened] == [2]
    for path in ("issues/99", "merge_requests/99", "issues/x", "pipelines/1", "jobs/1"):
        assert site.get(f"{project(site)}/{path}").status == 404


def test_a_job_alone_and_a_job_that_failed(site: Company) -> None:
    lint = next(one for one in site.runs["push"].jobs if one.name == "lint")
    found = site.json(f"{project(site)}/jobs/{lint.id}")
    assert (found["status"], found["failure_reason"]) == ("failed", "script_failure")
    assert (found["allow_failure"], found["pipeline"]["id"]) == (True, site.runs["push"].id)
    build = site.runs["push"].jobs[0]
    assert "failure_reason" not in site.json(f"{project(site)}/jobs/{build.id}")


def test_branches_tell_which_is_the_default(site: Company) -> None:
    rows = {one["name"]: one for one in site.json(f"{project(site)}/repository/branches")}
    assert {name for name, one in rows.items() if one["default"]} == {"main"}
    assert rows["prices"]["commit"]["id"] == site.open.head_sha
    sha = site.merged.landed_sha
    since = (NOW - timedelta(days=24)).isoformat()
    log = site.json(f"{project(site)}/repository/commits", ref_name="main", since=since)
    assert [one["id"] for one in log] == [sha, *reversed(site.merged.commits)][: len(log)]
    until = (NOW - timedelta(days=29)).isoformat()
    begun = site.json(f"{project(site)}/repository/commits", until=until)
    assert [one["title"] for one in begun] == ["Begin"]


def test_what_happened_to_a_merge_request_is_told_by_kind_and_in_notes(site: Company) -> None:
    code, path = site.world.code, f"{project(site)}/merge_requests/{site.open.number}"
    code.relabel(site.open, ["urgent"], at=NOW, by="a1")
    code.plan(site.open, site.plan, at=NOW, by="a1")
    code.assign(site.open, ["a1"], at=NOW, by="a1")
    code.assign(site.open, [], at=NOW, by="a1")
    code.set_draft(site.open, True, at=NOW, by="b2")
    code.set_draft(site.open, False, at=NOW, by="b2")
    code.retitle(site.open, "All prices", at=NOW, by="b2")
    code.retarget(site.open, "stable", at=NOW, by="b2")
    code.rebase(site.open, at=NOW)
    code.comment(site.open, "What now?", by=None, at=NOW)
    code.close(site.open, at=NOW, by="a1")
    labels = site.json(f"{path}/resource_label_events")
    assert [(one["action"], one["label"]["name"]) for one in labels] == [("add", "urgent")]
    plans = site.json(f"{path}/resource_milestone_events")
    assert [one["resource_type"] for one in plans] == ["MergeRequest"]
    states = site.json(f"{path}/resource_state_events")
    assert [one["state"] for one in states] == ["closed"]
    found = site.json(path)
    assert (found["state"], found["closed_by"]["username"]) == ("closed", "ada")
    assert found["detailed_merge_status"] == "not_open"
    notes = site.json(f"{path}/notes", sort="asc")
    told = [one["body"].split("\n")[0] for one in notes if one["system"]]
    assert told == [
        "assigned to @ada",
        "unassigned @ada",
        "marked this merge request as **draft**",
        "marked this merge request as **ready**",
        "changed title from **Prices** to **All prices**",
        "changed target branch from `main` to `stable`",
        "added 1 commit",
        "closed",
    ]
    said = [one for one in notes if not one["system"]]
    assert [(one["body"], one["author"]["username"]) for one in said] == [("What now?", "ghost")]


def test_a_due_date_is_told_in_a_note_alone(site: Company) -> None:
    site.world.code.set_due(site.bug, date(2026, 4, 1), at=NOW, by="a1")
    site.world.code.set_due(site.bug, None, at=NOW, by="a1")
    notes = [one["body"] for one in site.json(issue(site, "/notes"), sort="asc")]
    assert notes[-2:] == ["changed due date to 2026-04-01", "removed due date"]
