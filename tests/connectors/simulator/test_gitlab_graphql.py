"""The simulated GitLab's GraphQL: limits, paging, access, and equal facts beside REST."""

from datetime import timedelta
from importlib.resources import files
from typing import Any

import orjson
import pytest
from support.gitlab_code import JOBS, NOW, Company, company

from connectors.gitlab.documents import conditions, document
from connectors.simulator.gitlab_fields import FIELDS
from connectors.simulator.gitlab_graphql import PAID, service

ISSUES = """
query ($path: ID!, $first: Int, $after: String, $since: Time, $sort: IssueSort) {
  project(fullPath: $path) {
    issues(first: $first, after: $after, updatedAfter: $since, sort: $sort) {
      count
      pageInfo { hasNextPage endCursor }
      edges { cursor node { iid } }
      nodes { iid updatedAt }
    }
  }
}
"""


@pytest.fixture
def site() -> Company:
    return company()


def ask(site: Company, query: str, **variables: Any) -> dict[str, Any]:
    found = site.graphql(query, path=site.shop.path, **variables)
    assert "errors" not in found, found["errors"]
    data: dict[str, Any] = found["data"]
    return data


def refused(site: Company, query: str, **variables: Any) -> str:
    found = site.graphql(query, path=site.shop.path, **variables)
    assert "data" not in found
    return str(found["errors"][0]["message"])


def post(site: Company, query: str) -> Any:
    return site.ask("POST", "api/graphql", body={"query": query})


def test_every_field_that_has_an_answer_is_in_the_schema() -> None:
    types = service(premium=True, newer=True).schema.type_map
    missing = [f"{kind}.{name}" for kind, name in FIELDS if name not in types[kind].fields]  # type: ignore[attr-defined]
    assert missing == []


@pytest.mark.parametrize("premium", [True, False])
def test_fields_of_paid_servers_are_unknown_to_others(premium: bool) -> None:
    site = company(premium=premium)
    query = '{ __type(name: "Issue") { fields { name } } }'
    names = {f"Issue.{one['name']}" for one in ask(site, query)["__type"]["fields"]}
    assert (names >= PAID, bool(names & PAID)) == (premium, premium)


def test_a_server_of_before_knows_no_newer_field() -> None:
    site = company(newer_fields=False)
    said = refused(
        site, "query ($path: ID!) { project(fullPath: $path) { pipeline { source name } } }"
    )
    assert "source" in said


@pytest.mark.parametrize("newer", [True, False])
def test_older_servers_have_fewer_words(newer: bool) -> None:
    site = company(newer_fields=newer)
    code = site.world.code
    code.set_conflict(site.open, True)
    code.request_review(site.open, "a1", at=NOW)
    code.review(site.open, "a1", "changes_requested", at=NOW)
    query = """query ($path: ID!) { project(fullPath: $path) { mergeRequest(iid: "2") {
      detailedMergeStatus
      reviewers { nodes { username mergeRequestInteraction { reviewState approved } } } } } }"""
    found = ask(site, query)["project"]["mergeRequest"]
    state = found["reviewers"]["nodes"][0]["mergeRequestInteraction"]
    told = (found["detailedMergeStatus"], state["reviewState"])
    assert told == (("CONFLICT", "REQUESTED_CHANGES") if newer else ("BROKEN_STATUS", "REVIEWED"))
    assert state["approved"] is False


# --- limits -----------------------------------------------------------------------------------


def complexity(site: Company, size: int) -> int:
    query = f"""
    query ($path: ID!) {{
      queryComplexity {{ score limit }}
      project(fullPath: $path) {{ issues(first: {size}) {{ nodes {{ id iid title }} }} }}
    }}
    """
    found = ask(site, query)["queryComplexity"]
    assert found["limit"] == site.server.complexity_limit
    return int(found["score"])


def test_a_longer_list_costs_more(site: Company) -> None:
    # The list, its order, nodes, id, iid and title: six points, and one per cent for each record;
    # before them project, and queryComplexity with its two fields.
    assert complexity(site, 100) == 4 + 12
    assert complexity(site, 20) == 4 + 7


def test_a_query_over_the_limit_is_refused_and_a_smaller_one_is_not() -> None:
    site = company(complexity_limit=13)
    query = """query ($path: ID!, $n: Int) {
      project(fullPath: $path) { issues(first: $n) { nodes { id iid title state webUrl } } } }"""
    said = refused(site, query, n=100)
    assert said == "Query has complexity of 17, which exceeds max complexity of 13"
    assert ask(site, query, n=50)["project"]["issues"]["nodes"]


def test_a_release_may_make_a_field_dearer(site: Company) -> None:
    cheap = complexity(site, 10)
    dear = complexity(company(weights={"Issue.title": 30}), 10)
    assert dear > cheap + 29


def test_a_query_that_is_too_long_or_takes_too_long_is_refused() -> None:
    site = company(max_nodes=50)
    assert post(site, f"{{ metadata {{ version }} }} # {'x' * 10_000}").status == 422
    long = (
        f'{{ project(fullPath: "{site.shop.path}") {{ issues(first: 51) {{ nodes {{ id }} }} }} }}'
    )
    slow = post(site, long)
    assert slow.status == 503
    assert b"timed out" in slow.body
    assert post(site, long.replace("51", "50")).status == 200


def test_what_the_schema_does_not_know_is_an_error_at_200(site: Company) -> None:
    assert "nonsense" in refused(site, "{ nonsense }")
    assert "Syntax Error" in refused(site, "{")
    assert refused(site, " ") == "No query string was present"


def test_without_a_good_token_or_behind_a_proxy_that_forbids_it_nothing_is_told() -> None:
    site = company()
    body = {"query": "{ metadata { version } }"}
    denied = site.ask("POST", "api/graphql", body=body, headers={})
    assert (denied.status, denied.body) == (401, b'{"errors":[{"message":"Invalid token"}]}')
    off = company(graphql=False)
    assert post(off, "{ metadata { version } }").status == 404
    assert off.get("version").status == 200


# --- paging ---------------------------------------------------------------------------------------


def test_pages_follow_the_cursor_and_a_list_gives_at_most_a_hundred(site: Company) -> None:
    code = site.world.code
    for n in range(130):
        code.create_issue(site.shop, f"Issue {n}", author="a1", at=NOW + timedelta(seconds=n // 2))
    seen: list[str] = []
    after = None
    for _ in range(5):
        asked = {"first": 500, "after": after, "sort": "UPDATED_ASC"}
        page = ask(site, ISSUES, **asked)["project"]["issues"]
        assert page["count"] == 132
        assert [one["node"] for one in page["edges"]] == [
            {"iid": one["iid"]} for one in page["nodes"]
        ]
        assert page["edges"][-1]["cursor"] == page["pageInfo"]["endCursor"]
        seen += [one["iid"] for one in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == ["2", "1", *(str(n) for n in range(3, 133))]


def test_a_walk_by_what_changed_loses_nothing_when_something_changes_meanwhile(
    site: Company,
) -> None:
    for n in range(6):
        site.world.code.create_issue(site.shop, f"Issue {n}", author="a1", at=NOW)
    first = ask(site, ISSUES, first=3, sort="UPDATED_ASC")["project"]["issues"]
    assert [one["iid"] for one in first["nodes"]] == ["2", "1", "3"]
    later = NOW + timedelta(minutes=1)
    site.world.code.retitle(site.bug, "Renamed", at=later)
    after = first["pageInfo"]["endCursor"]
    rest = ask(site, ISSUES, first=9, after=after, sort="UPDATED_ASC")["project"]["issues"]
    assert [one["iid"] for one in rest["nodes"]] == ["4", "5", "6", "7", "8", "1"]


def test_the_newest_comes_first_unless_told_otherwise(site: Company) -> None:
    nodes = ask(site, ISSUES, first=9, sort="UPDATED_DESC")["project"]["issues"]["nodes"]
    assert [one["iid"] for one in nodes] == ["1", "2"]
    page = ask(site, ISSUES, first=1, sort="UPDATED_DESC")["project"]["issues"]
    after = page["pageInfo"]["endCursor"]
    rest = ask(site, ISSUES, first=1, after=after, sort="UPDATED_DESC")["project"]["issues"]
    assert [one["iid"] for one in rest["nodes"]] == ["2"]


def test_what_changed_since_an_instant(site: Company) -> None:
    since = site.bug.updated.isoformat()
    asked = {"first": 9, "since": since, "sort": "UPDATED_ASC"}
    nodes = ask(site, ISSUES, **asked)["project"]["issues"]["nodes"]
    assert [one["iid"] for one in nodes] == ["1"]
    found = site.graphql(ISSUES, path=site.shop.path, since="yesterday")
    assert "not a valid time" in found["errors"][0]["message"]
    found = site.graphql(ISSUES, path=site.shop.path, after="nonsense")
    assert found["errors"][0]["message"] == "Please provide a valid cursor"


# --- access ---------------------------------------------------------------------------------------


def test_what_may_not_be_seen_is_null_or_left_out(site: Company) -> None:
    look = """query ($path: ID!, $id: IssueID!) {
      project(fullPath: $path) { id issues { nodes { iid } } } issue(id: $id) { iid } }"""
    secret = f"gid://gitlab/Issue/{site.secret.id}"
    found = ask(site, look, id=secret)
    assert found["issue"] == {"iid": "2"}
    site.world.code.access_of(site.owner).sees_confidential = False
    found = ask(site, look, id=secret)
    assert found["issue"] is None
    assert found["project"]["issues"]["nodes"] == [{"iid": "1"}]
    site.world.code.hide(site.owner, site.shop)
    assert ask(site, look, id=f"gid://gitlab/Issue/{site.bug.id}") == {
        "project": None,
        "issue": None,
    }


def test_a_feature_that_is_off_looks_like_nothing(site: Company) -> None:
    query = """query ($path: ID!) { project(fullPath: $path) {
      issuesEnabled issues { nodes { iid } } mergeRequests { nodes { iid } }
      pipelines { nodes { iid } } } }"""
    for feature in ("issues", "changes", "ci"):
        site.world.code.switch(site.shop, feature, False)
    assert ask(site, query)["project"] == {
        "issuesEnabled": False,
        "issues": {"nodes": []},
        "mergeRequests": {"nodes": []},
        "pipelines": None,
    }


def test_a_former_path_leads_nowhere(site: Company) -> None:
    old = site.shop.path
    site.world.code.rename_repository(site.shop, "apollo/store")
    query = "query ($path: ID!) { project(fullPath: $path) { fullPath } }"
    assert site.graphql(query, path=old)["data"]["project"] is None
    assert ask(site, query)["project"] == {"fullPath": "apollo/store"}


def test_a_moved_issue_names_the_one_it_became(site: Company) -> None:
    moved = site.world.code.transfer(site.bug, site.fork, at=NOW, by="a1")
    query = "query ($id: IssueID!) { issue(id: $id) { state moved movedTo { id projectId } } }"
    old = f"projects/{site.shop.id}/issues/1"
    found = site.graphql(query, id=f"gid://gitlab/Issue/{site.bug.id}")["data"]["issue"]
    assert (found["state"], found["moved"]) == ("closed", True)
    new = {"id": f"gid://gitlab/Issue/{moved.id}", "projectId": site.fork.id}
    assert found["movedTo"] == new
    # In a project that may not be seen it is not named; that it was moved is told all the same.
    site.world.code.hide(site.owner, site.fork)
    found = site.graphql(query, id=f"gid://gitlab/Issue/{site.bug.id}")["data"]["issue"]
    assert (found["moved"], found["movedTo"]) == (True, None)
    assert site.json(old)["moved_to_id"] == moved.id
    # With its deletion the trace is lost.
    site.world.code.delete_issue(moved)
    found = site.graphql(query, id=f"gid://gitlab/Issue/{site.bug.id}")["data"]["issue"]
    assert (found["moved"], found["movedTo"]) == (False, None)
    assert site.json(old)["moved_to_id"] is None


# --- the documents that the connector sends ------------------------------------------------------


DOCUMENTS = sorted(
    one.name.removesuffix(".graphql") for one in (files("connectors.gitlab") / "queries").iterdir()
)


def values(site: Company) -> dict[str, Any]:
    issue = f"gid://gitlab/Issue/{site.bug.id}"
    return {"path": site.shop.path, "size": 20, "iids": ["1"], "id": issue}


def test_its_documents_are_answered_without_an_error(site: Company) -> None:
    assert DOCUMENTS
    for name in DOCUMENTS:
        found = site.graphql(document(name, conditions(name)), **values(site))
        assert "errors" not in found, (name, found["errors"])
        assert None not in found["data"].values(), name


def test_its_documents_are_answered_by_a_free_server_of_before_too() -> None:
    site = company(premium=False, newer_fields=False)
    for name in DOCUMENTS:
        found = site.graphql(document(name, ()), **values(site))
        assert "errors" not in found, (name, found["errors"])


def merge_request(site: Company) -> dict[str, Any]:
    query = document("change_details", conditions("change_details"))
    found = ask(site, query, size=1, iids=["1"])["project"]["mergeRequests"]["nodes"][0]
    return dict(found)


def test_a_merge_request_is_told_as_rest_tells_it(site: Company) -> None:
    path = f"projects/{site.shop.id}/merge_requests/1"
    rest, found = site.json(path), merge_request(site)
    assert found["id"] == f"gid://gitlab/MergeRequest/{rest['id']}"
    assert found["diffHeadSha"] == rest["sha"]
    assert [one["sha"] for one in found["commits"]["nodes"]] == [
        one["id"] for one in site.json(f"{path}/commits")
    ]
    assert [one["path"] for one in found["diffStats"]] == [
        one["new_path"] for one in site.json(f"{path}/diffs")
    ]
    assert [one["username"] for one in found["approvedBy"]["nodes"]] == ["ada"]
    approved = [
        one
        for one in found["notes"]["nodes"]
        if (one["systemNoteMetadata"] or {}).get("action") == "approved"
    ]
    assert [one["createdAt"] for one in approved] == ["2026-02-06T12:00:00Z"]
    assert [one["id"] for one in found["pipelines"]["nodes"]] == [
        f"gid://gitlab/Ci::Pipeline/{one['id']}" for one in site.json(f"{path}/pipelines")
    ]
    assert [one["mergeRequestEventType"] for one in found["pipelines"]["nodes"]] == [
        "MERGED_RESULT",
        "DETACHED",
    ]


def test_instants_are_whole_seconds_where_rest_tells_fractions(site: Company) -> None:
    rest = site.json(f"projects/{site.shop.id}/merge_requests/1")
    assert rest["updated_at"] == "2026-02-07T12:00:00.250Z"
    assert merge_request(site)["updatedAt"] == "2026-02-07T12:00:00Z"


def runs(site: Company, **variables: Any) -> list[dict[str, Any]]:
    query = document("runs", conditions("runs"))
    found = ask(site, query, size=50, **variables)["project"]["pipelines"]["nodes"]
    return list(found)


def test_pipelines_are_told_as_rest_tells_them(site: Company) -> None:
    site.world.code.ci.retry(site.shop, site.runs["push"], NOW, JOBS[1:2])
    path = f"projects/{site.shop.id}/pipelines"
    rows = runs(site)
    assert [one["id"].rpartition("/")[2] for one in rows] == [
        str(one["id"]) for one in site.json(path)
    ]
    first, rest = rows[0], site.json(f"{path}/{site.runs['push'].id}")
    assert first["status"].lower() == rest["status"]
    assert f"{first['coverage']:.2f}" == rest["coverage"]
    jobs = first["jobs"]["nodes"]
    every = site.json(f"{path}/{site.runs['push'].id}/jobs", include_retried="true")
    assert [one["id"].rpartition("/")[2] for one in jobs] == [str(one["id"]) for one in every]
    assert [one["name"] for one in jobs if one["retried"]] == ["unit"]
    summary = site.json(f"{path}/{site.runs['push'].id}/test_report_summary")
    total = first["testReportSummary"]["total"]
    assert total["count"] == summary["total"]["count"] == 40
    assert first["testReportSummary"]["testSuites"]["nodes"][0]["buildIds"] == [
        str(one) for one in summary["test_suites"][0]["build_ids"]
    ]


def test_child_pipelines_come_by_their_source_and_name_what_started_them(site: Company) -> None:
    assert f"gid://gitlab/Ci::Pipeline/{site.runs['child'].id}" not in [
        one["id"] for one in runs(site)
    ]
    children = runs(site, source="parent_pipeline")
    assert [one["upstream"]["id"] for one in children] == [
        f"gid://gitlab/Ci::Pipeline/{site.runs['push'].id}"
    ]


def test_a_bridge_is_no_build(site: Company) -> None:
    query = """query ($path: ID!, $kind: CiJobKind) { project(fullPath: $path) {
      pipeline(iid: "3") { jobs(jobKind: $kind) { nodes { kind name } } } } }"""
    found = ask(site, query, kind="BRIDGE")["project"]["pipeline"]["jobs"]["nodes"]
    assert found == [{"kind": "BRIDGE", "name": "deploy"}]
    every = ask(site, query)["project"]["pipeline"]["jobs"]["nodes"]
    assert [one["kind"] for one in every] == ["BUILD"] * 3 + ["BRIDGE"]


def test_a_person_who_is_gone_is_the_ghost_and_one_who_left_is_blocked(site: Company) -> None:
    site.world.people["b2"].active = False
    site.bug.author = None
    query = """query ($path: ID!) { project(fullPath: $path) { issue(iid: "1") {
      author { username bot } assignees { nodes { username state } } } } }"""
    assert ask(site, query)["project"]["issue"] == {
        "author": {"username": "ghost", "bot": False},
        "assignees": {"nodes": [{"username": "ben", "state": "blocked"}]},
    }


def test_a_request_that_is_no_post_is_no_question(site: Company) -> None:
    assert site.ask("GET", "api/graphql").status == 404
    assert orjson.loads(post(site, "{ metadata { version } }").body) == {
        "data": {"metadata": {"version": "18.6.0-ee"}}
    }


def test_plans_of_a_project_and_of_the_groups_around_it(site: Company) -> None:
    query = """query ($path: ID!, $above: Boolean, $state: MilestoneStateEnum) {
      project(fullPath: $path) {
        milestones(includeAncestors: $above, state: $state) { nodes {
          title state dueDate startDate expired webPath projectMilestone groupMilestone } }
        iterations { nodes { id sequence state startDate dueDate title webUrl } } } }"""
    own = ask(site, query)["project"]
    assert own["milestones"]["nodes"] == [
        {
            "title": "1.0",
            "state": "active",
            "dueDate": "2026-03-20",
            "startDate": "2026-02-01",
            "expired": False,
            "webPath": "/apollo/web/shop/-/milestones/1",
            "projectMilestone": True,
            "groupMilestone": False,
        }
    ]
    (iteration,) = own["iterations"]["nodes"]
    assert iteration["id"] == f"gid://gitlab/Iteration/{site.iteration.id}"
    assert (iteration["state"], iteration["dueDate"]) == ("current", "2026-03-08")
    every = ask(site, query, above=True)["project"]["milestones"]["nodes"]
    assert [(one["title"], one["groupMilestone"]) for one in every] == [
        ("1.0", False),
        ("Q1", True),
    ]
    site.world.code.close_milestone(site.quarter)
    closed = ask(site, query, above=True, state="closed")["project"]["milestones"]["nodes"]
    assert [one["title"] for one in closed] == ["Q1"]


def test_a_group_its_parent_and_its_projects(site: Company) -> None:
    query = """query ($group: ID!, $inner: Boolean) { group(fullPath: $group) {
      parent { fullPath } projects(includeSubgroups: $inner) { nodes { fullPath } }
      milestones(includeAncestors: true) { nodes { title } } iterations { nodes { iid } } } }"""
    inner = ask(site, query, group="apollo/web")["group"]
    assert inner["parent"] == {"fullPath": "apollo"}
    assert [one["fullPath"] for one in inner["projects"]["nodes"]] == [
        "apollo/web/shop",
        "apollo/web/shop-fork",
    ]
    assert inner["milestones"]["nodes"] == [{"title": "Q1"}]
    assert inner["iterations"]["nodes"] == [{"iid": "1"}]
    top = ask(site, query, group="apollo", inner=True)["group"]
    assert (top["parent"], len(top["projects"]["nodes"])) == (None, 2)
    assert ask(site, query, group="apollo")["group"]["projects"]["nodes"] == []
    assert ask(site, query, group="nowhere")["group"] is None


def test_projects_by_id_and_those_that_may_not_be_seen(site: Company) -> None:
    query = """query ($ids: [ID!]) { projects(ids: $ids) { nodes { id archived visibility
      repository { empty rootRef } group { fullPath } } } }"""
    nodes = ask(site, query)["projects"]["nodes"]
    assert [one["repository"]["empty"] for one in nodes] == [False, True]
    assert [one["repository"]["rootRef"] for one in nodes] == ["main", None]
    ids = [f"gid://gitlab/Project/{site.fork.id}", "gid://gitlab/Project/nonsense"]
    (fork,) = ask(site, query, ids=ids)["projects"]["nodes"]
    assert fork["group"] == {"fullPath": "apollo/web"}
    site.world.code.hide(site.owner, site.fork)
    assert ask(site, query, ids=ids)["projects"]["nodes"] == []


def test_a_merge_request_by_its_id_with_what_belongs_to_it(site: Company) -> None:
    query = """query ($id: MergeRequestID!) { mergeRequest(id: $id) {
      title sourceBranch targetBranch mergeCommitSha approved headPipeline { sha }
      mergeUser { username } sourceProject { fullPath } diffStats(path: "src/cart.py") { additions }
      commitsWithoutMergeCommits { nodes { shortId authorName } } labels { nodes { title } } } }"""
    id_ = f"gid://gitlab/MergeRequest/{site.merged.id}"
    found = ask(site, query, id=id_)["mergeRequest"]
    assert found["mergeCommitSha"] == site.merged.landed_sha
    assert found["headPipeline"] == {"sha": site.runs["result"].sha}
    assert (found["mergeUser"], found["approved"]) == ({"username": "ada"}, True)
    assert found["diffStats"] == [{"additions": 3}]
    assert [one["authorName"] for one in found["commitsWithoutMergeCommits"]["nodes"]] == [
        "Ben Okafor",
        "Ben Okafor",
    ]
    site.world.code.update_branch(site.open)
    other = ask(site, query, id=f"gid://gitlab/MergeRequest/{site.open.id}")["mergeRequest"]
    assert len(other["commitsWithoutMergeCommits"]["nodes"]) == 1
    site.world.code.switch(site.shop, "changes", False)
    assert ask(site, query, id=id_)["mergeRequest"] is None


def test_releases_in_either_order(site: Company) -> None:
    code, sha = site.world.code, str(site.merged.landed_sha)
    for n, name in enumerate(("v1", "v2")):
        code.tag(site.shop, name, sha, at=NOW + timedelta(hours=n))
        code.release(site.shop, name, name, author="a1", at=NOW + timedelta(hours=n))
    query = """query ($path: ID!, $sort: ReleaseSort) { project(fullPath: $path) {
      releases(sort: $sort) { nodes { tagName releasedAt upcomingRelease commit { sha } } } } }"""
    nodes = ask(site, query)["project"]["releases"]["nodes"]
    assert [(one["tagName"], one["upcomingRelease"]) for one in nodes] == [
        ("v2", True),
        ("v1", False),
    ]
    assert nodes[0]["commit"] == {"sha": sha}
    nodes = ask(site, query, sort="RELEASED_AT_ASC")["project"]["releases"]["nodes"]
    assert [one["tagName"] for one in nodes] == ["v1", "v2"]
    code.switch(site.shop, "releases", False)
    assert ask(site, query)["project"]["releases"] is None


def test_what_blocks_an_issue_and_what_it_is_about(site: Company) -> None:
    site.world.code.block(site.bug, site.secret)
    query = """query ($path: ID!) { project(fullPath: $path) { issues(sort: created_asc) { nodes {
      iid blockingCount blockedByCount blockedByIssues { nodes { iid } } labels { nodes { title } }
      iteration { iid } weight relatedMergeRequests { nodes { iid } } } } } }"""
    bug, secret = ask(site, query)["project"]["issues"]["nodes"]
    assert bug["blockedByIssues"]["nodes"] == [{"iid": "2"}]
    assert (bug["blockedByCount"], secret["blockingCount"]) == (1, 1)
    assert bug["labels"]["nodes"] == [{"title": "bug"}]
    assert (bug["iteration"], bug["weight"]) == ({"iid": "1"}, 3)
    assert bug["relatedMergeRequests"]["nodes"] == [{"iid": "1"}]


def test_a_pipeline_by_number_and_its_place_among_others(site: Company) -> None:
    query = """query ($path: ID!, $iid: ID) { project(fullPath: $path) { pipeline(iid: $iid) {
      id active complete duration commit { sha } downstream { nodes { iid } } upstream { iid }
      sourceJob { id kind } jobs(retried: false) { nodes { name webPath } } } } }"""
    push = ask(site, query, iid="3")["project"]["pipeline"]
    assert (push["active"], push["complete"], push["duration"]) == (False, True, 180)
    assert push["downstream"]["nodes"] == [{"iid": "4"}]
    assert push["sourceJob"] is None
    assert push["jobs"]["nodes"][0]["webPath"].startswith("/apollo/web/shop/-/jobs/")
    child = ask(site, query, iid="4")["project"]["pipeline"]
    assert (child["upstream"], child["sourceJob"]["kind"]) == ({"iid": "3"}, "BRIDGE")
    assert ask(site, query, iid="99")["project"]["pipeline"] is None
