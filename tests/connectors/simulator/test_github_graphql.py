"""GraphQL of the simulated GitHub: pages, prices, unions, and answers with holes."""

from collections.abc import Iterator
from typing import Any

import pytest
from support.hosting import Hosting, hosting

from connectors.github import documents
from connectors.simulator.code_ci import JobPlan
from connectors.simulator.code_things import FileEdit
from connectors.simulator.github import price, schema_of
from connectors.simulator.github_ids import cursor, node_id, parse_cursor
from connectors.simulator.graphql import Question

PULLS = """query($id: ID!, $first: Int, $after: String, $direction: OrderDirection!) {
  node(id: $id) { ... on Repository { pullRequests(
    first: $first, after: $after, orderBy: {field: UPDATED_AT, direction: $direction}
  ) { totalCount pageInfo { hasNextPage endCursor } nodes { number updatedAt } } } }
}"""
ISSUES = """query($id: ID!, $since: DateTime) {
  node(id: $id) { ... on Repository { databaseId
    issues(first: 100, filterBy: {since: $since}) { totalCount nodes { number } }
    pullRequests(first: 100) { totalCount } } }
}"""
CHECKS = """query($id: ID!, $number: Int!) {
  node(id: $id) { ... on Repository { pullRequest(number: $number) {
    commits(last: 1) { nodes { commit { oid statusCheckRollup { state contexts(first: 50) {
      totalCount
      nodes { __typename
        ... on CheckRun { name status conclusion isRequired(pullRequestNumber: $number)
          checkSuite { app { slug } workflowRun { event workflow { name } } } }
        ... on StatusContext { context state creator { login } }
    } } } } } }
  } } }
}"""


@pytest.fixture(scope="module")
def site() -> Iterator[Hosting]:
    """For tests that change nothing."""
    with hosting() as made:
        yield made


@pytest.fixture
def own() -> Iterator[Hosting]:
    """For tests that let things happen."""
    with hosting(changes=10, issues=6) as made:
        yield made


def pulls(site: Hosting, **asked: Any) -> Any:
    asked = {"first": 10, "direction": "ASC", **asked}
    answer = site.ask(PULLS, id=site.node, **asked).json()
    assert "errors" not in answer
    return answer["data"]["node"]["pullRequests"]


def walk(site: Hosting, **asked: Any) -> Iterator[Any]:
    after = None
    while True:
        held = pulls(site, after=after, **asked)
        yield held
        if not held["pageInfo"]["hasNextPage"]:
            return
        after = held["pageInfo"]["endCursor"]


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
def test_pages_hold_everything_once_and_in_order(site: Hosting, direction: str) -> None:
    pages = list(walk(site, direction=direction))
    rows = [one for page in pages for one in page["nodes"]]
    stamps = [one["updatedAt"] for one in rows]
    assert stamps == sorted(stamps, reverse=direction == "DESC")
    numbers = [one["number"] for one in rows]
    assert sorted(numbers) == sorted(one.number for one in site.code.changes_in(site.repo))
    assert pages[0]["totalCount"] == len(numbers)


def test_a_cursor_names_a_thing_and_not_a_place(own: Hosting) -> None:
    """What moves during an ascending walk comes again at its end; nothing is lost."""
    pages = walk(own, first=3)
    rows = list(next(pages)["nodes"])
    own.later(minutes=1)
    change = own.code.change_numbered(own.repo, rows[0]["number"])
    assert change is not None
    own.code.comment(change, "Late", by=None)
    rows += [one for page in pages for one in page["nodes"]]
    numbers = [one["number"] for one in rows]
    assert set(numbers) == {one.number for one in own.code.changes_in(own.repo)}
    assert numbers.count(change.number) == 2


def test_issues_are_no_pull_requests_and_take_a_beginning(own: Hosting) -> None:
    answer = own.ask(ISSUES, id=own.node).json()["data"]["node"]
    assert answer["issues"]["totalCount"] == len(own.code.issues_in(own.repo))
    assert answer["pullRequests"]["totalCount"] == len(own.code.changes_in(own.repo))
    own.later(hours=1)
    issue = own.code.issues_in(own.repo)[2]
    own.code.relabel(issue, ["late"])
    since = own.code.now.isoformat()
    found = own.ask(ISSUES, id=own.node, since=since).json()["data"]["node"]["issues"]
    assert [one["number"] for one in found["nodes"]] == [issue.number]


def test_checks_are_a_union_and_absent_checks_are_null(own: Hosting) -> None:
    change = own.code.open_change(own.repo, "Add", "add", [("Add", [FileEdit("a")])], author=None)
    plain = own.ask(CHECKS, id=own.node, number=change.number).json()
    assert rollup(plain) is None
    now = own.code.now
    plan = [JobPlan("unit tests"), JobPlan("lint")]
    run = own.code.ci.start(own.repo, "change", change.head_sha, "add", now, plan, change=change)
    own.code.ci.set_status(own.repo, change.head_sha, "ci/x", "pending", now)
    own.code.ci.set_status(own.repo, change.head_sha, "ci/x", "error", now)
    own.code.ci.finish(own.repo, run, plan[:1])
    found = rollup(own.ask(CHECKS, id=own.node, number=change.number).json())
    assert found["state"] == "ERROR"
    assert found["contexts"]["totalCount"] == 3
    tests, lint, status = found["contexts"]["nodes"]
    assert (tests["name"], tests["conclusion"], tests["isRequired"]) == (
        "unit tests",
        "SUCCESS",
        True,
    )
    assert (lint["status"], lint["conclusion"], lint["isRequired"]) == (
        "IN_PROGRESS",
        None,
        False,
    )
    assert lint["checkSuite"] == {
        "app": {"slug": "github-actions"},
        "workflowRun": {"event": "pull_request", "workflow": {"name": "CI"}},
    }
    assert status == {
        "__typename": "StatusContext",
        "context": "ci/x",
        "state": "ERROR",
        "creator": None,
    }


def rollup(answer: Any) -> Any:
    assert "errors" not in answer
    (node,) = answer["data"]["node"]["pullRequest"]["commits"]["nodes"]
    return node["commit"]["statusCheckRollup"]


def test_a_lacking_permission_leaves_a_hole_and_the_rest(own: Hosting) -> None:
    own.code.access_of(own.world.credentials["owner"]).lacking.add("checks")
    change = own.code.changes_in(own.repo)[0]
    answer = own.ask(CHECKS, id=own.node, number=change.number).json()
    (error,) = answer["errors"]
    assert error["type"] == "FORBIDDEN"
    assert error["path"] == [
        *("node", "pullRequest", "commits", "nodes", 0),
        *("commit", "statusCheckRollup"),
    ]
    (node,) = answer["data"]["node"]["pullRequest"]["commits"]["nodes"]
    assert node["commit"] == {"oid": change.head_sha, "statusCheckRollup": None}


def test_a_field_that_may_not_be_null_takes_its_parent_along(own: Hosting) -> None:
    own.code.access_of(own.world.credentials["owner"]).lacking.add("issues")
    answer = own.ask(ISSUES, id=own.node).json()
    assert answer["data"] == {"node": None}
    assert answer["errors"][0]["path"] == ["node", "issues"]


def test_things_that_are_not_there_do_not_spoil_those_that_are(own: Hosting) -> None:
    issue = own.code.issues_in(own.repo)[0]
    query = documents.numbered("histories", 2)
    asked = {"repository": own.node, "n0": issue.number, "n1": 9999}
    answer = own.ask(query, **asked).json()
    node = answer["data"]["node"]
    assert (node["a0"]["number"], node["a1"]) == (issue.number, None)
    assert [(one["type"], one["path"]) for one in answer["errors"]] == [
        ("NOT_FOUND", ["node", "a1"])
    ]
    unknown = own.ask(PULLS, id="R_kgDOffffffff", first=1, direction="ASC").json()
    assert unknown["errors"][0]["type"] == "NOT_FOUND"


def test_ids_lead_to_people_changes_and_issues(site: Hosting) -> None:
    change, issue = site.code.changes_in(site.repo)[0], site.code.issues_in(site.repo)[0]
    ids = [node_id("PR", change.id), node_id("I", issue.id), node_id("U", 7_000_000)]
    query = """query($ids: [ID!]!) { nodes(ids: $ids) { __typename id
      ... on PullRequest { number } ... on Issue { number } ... on User { login } } }"""
    found = site.ask(query, ids=ids).json()["data"]["nodes"]
    assert [one["id"] for one in found] == ids
    assert (found[0]["number"], found[1]["number"]) == (change.number, issue.number)
    assert found[2]["login"] == "user0"


def test_a_merge_tells_what_it_closed_and_brought(own: Hosting) -> None:
    issue = own.code.create_issue(own.repo, "Slow", author=None)
    change = own.code.open_change(
        own.repo,
        "Fast",
        "fast",
        [("Fast", [FileEdit("a", "added"), FileEdit("b", "removed"), FileEdit("c")])],
        author=None,
        closes=[issue.id],
    )
    own.later(minutes=1)
    own.code.merge(change, "merge")
    query = """query($id: ID!, $issue: Int!, $number: Int!) { node(id: $id) { ... on Repository {
      issue(number: $issue) { state timelineItems(last: 1) { nodes { ... on ClosedEvent {
        stateReason closer { ... on PullRequest { number } } } } } }
      pullRequest(number: $number) { merged mergedBy { login } isCrossRepository
        closingIssuesReferences(first: 5) { nodes { number } }
        files(first: 5) { nodes { path changeType } }
        mergeCommit { oid parents(first: 2) { totalCount } }
        timelineItems(first: 5, itemTypes: [MERGED_EVENT]) { nodes { ... on MergedEvent {
          mergeRefName commit { oid } } } } } } } }"""
    asked = {"id": own.node, "issue": issue.number, "number": change.number}
    node = own.ask(query, **asked).json()["data"]["node"]
    assert node["issue"]["state"] == "CLOSED"
    assert node["issue"]["timelineItems"]["nodes"] == [
        {"stateReason": "COMPLETED", "closer": {"number": change.number}}
    ]
    assert node["pullRequest"] == {
        "merged": True,
        "mergedBy": None,
        "isCrossRepository": False,
        "closingIssuesReferences": {"nodes": [{"number": issue.number}]},
        "files": {
            "nodes": [
                {"path": "a", "changeType": "ADDED"},
                {"path": "b", "changeType": "DELETED"},
                {"path": "c", "changeType": "MODIFIED"},
            ]
        },
        "mergeCommit": {"oid": change.landed_sha, "parents": {"totalCount": 2}},
        "timelineItems": {
            "nodes": [{"mergeRefName": "main", "commit": {"oid": change.landed_sha}}]
        },
    }


def test_a_forks_head_outlives_the_fork(own: Hosting) -> None:
    fork = own.code.add_repository(
        own.code.add_group("github", "friend", "Friend"), "shop-web", fork_of=own.repo.id
    )
    change = own.code.open_change(
        own.repo, "Add", "add", [("Add", [FileEdit("a")])], author=None, head_repo=fork
    )
    query = """query($id: ID!, $n: Int!) { node(id: $id) { ... on Repository {
      pullRequest(number: $n) { isCrossRepository headRepository { nameWithOwner } } } } }"""

    def told() -> Any:
        answer = own.ask(query, id=own.node, n=change.number).json()
        return answer["data"]["node"]["pullRequest"]["headRepository"]

    assert told() == {"nameWithOwner": "friend/shop-web"}
    row = own.get(f"./pulls/{change.number}").json()
    assert (row["head"]["label"], row["head"]["repo"]["fork"]) == ("friend:add", True)
    own.code.delete_repository(fork)
    change.head_repo_id = None
    assert told() is None
    assert own.get(f"./pulls/{change.number}").json()["head"]["repo"] is None


def test_deployments_newest_first_with_their_state(own: Hosting) -> None:
    tip = own.code.git.tip(own.repo, "main") or ""
    own.code.deploy(own.repo, tip, "staging", state="running")
    found = own.ask(documents.document("deployments"), repository=own.node).json()
    nodes = found["data"]["node"]["deployments"]["nodes"]
    assert (nodes[0]["state"], nodes[0]["latestStatus"]["state"]) == ("IN_PROGRESS",) * 2
    assert [one["state"] for one in nodes if one["environment"] == "production"] == [
        "ACTIVE",
        "INACTIVE",
        "INACTIVE",
    ]


def test_a_repository_is_found_by_its_name(own: Hosting) -> None:
    query = "query($o: String!, $n: String!) { repository(owner: $o, name: $n) { databaseId } }"
    owner, _, name = own.repo.path.partition("/")
    found = own.ask(query, o=owner, n=name).json()
    assert found["data"]["repository"]["databaseId"] == own.repo.id
    missing = own.ask(query, o=owner, n="nothing").json()
    assert missing["data"] == {"repository": None}
    assert missing["errors"][0]["type"] == "NOT_FOUND"


def test_a_transferred_issue_comes_from_somewhere() -> None:
    with hosting(changes=2, repositories=2) as site:
        issue = site.code.issues_in(site.repo)[0]
        other = site.code.hosted("github")[1]
        moved = site.code.transfer(issue, other, by=None)
        query = """query($id: ID!, $n: Int!) { node(id: $id) { ... on Repository {
          issue(number: $n) { number repository { databaseId } timelineItems(last: 1) { nodes {
            ... on TransferredEvent { fromRepository { databaseId } } } } } } } }"""
        for node, number in ((site.node, issue.number), (node_id("R", other.id), moved.number)):
            found = site.ask(query, id=node, n=number).json()["data"]["node"]["issue"]
            assert found == {
                "number": moved.number,
                "repository": {"databaseId": other.id},
                "timelineItems": {"nodes": [{"fromRepository": {"databaseId": site.repo.id}}]},
            }


def test_a_gone_author_is_null_and_a_robot_is_a_bot(own: Hosting) -> None:
    bot = next(one.account_id for one in own.world.people.values() if one.bot)
    for author in (None, bot):
        own.code.create_issue(own.repo, "Found", author=author)
    query = """query($id: ID!) { node(id: $id) { ... on Repository {
      issues(last: 2) { nodes { author { __typename login } } } } } }"""
    found = own.ask(query, id=own.node).json()["data"]["node"]["issues"]["nodes"]
    assert [one["author"] for one in found] == [
        None,
        {"__typename": "Bot", "login": "automation"},
    ]


def test_an_id_that_is_too_large_for_a_whole_number_is_told_as_text(own: Hosting) -> None:
    issue = own.code.create_issue(own.repo, "Large", author=None)
    issue.id = 2**31
    query = """query($id: ID!) { node(id: $id) { ... on Repository {
      issues(last: 1) { nodes { databaseId fullDatabaseId } } } } }"""
    found = own.ask(query, id=own.node).json()["data"]["node"]["issues"]["nodes"]
    assert found == [{"databaseId": None, "fullDatabaseId": "2147483648"}]


# --- prices ---------------------------------------------------------------------------------------


def question(text: str, **variables: Any) -> Question:
    found = schema_of(newer=True).question(text, variables)
    assert isinstance(found, Question), found
    return found


def test_the_price_is_the_documented_one() -> None:
    """Requests of all connections by a hundred: 1 + 100 + 100, and 1 + 100 + 100 * 50."""
    text = """query { repository(owner: "a", name: "b") { pullRequests(first: 100) { nodes {
      reviews(first: 50) { nodes { id } } labels(first: 60) { nodes { id } } } } } }"""
    assert price(schema_of(newer=True), question(text)) == (2, 100 + 100 * 50 + 100 * 60)
    deep = """query { repository(owner: "a", name: "b") { pullRequests(first: 100) { nodes {
      commits(first: 50) { nodes { commit { parents(first: 2) { nodes { oid } } } } } } } } }"""
    assert price(schema_of(newer=True), question(deep)) == (51, 100 + 5000 + 10000)
    assert price(schema_of(newer=True), question("query { viewer { login } }")) == (1, 0)


def test_parts_that_are_left_out_cost_nothing() -> None:
    text = """query($with: Boolean!) { repository(owner: "a", name: "b") {
      pullRequests(first: 100) { nodes { ...Part @include(if: $with)
        files(first: 100) @skip(if: $with) { nodes { path } } } } } }
      fragment Part on PullRequest { reviews(first: 10) { nodes { id } } }"""
    service = schema_of(newer=True)
    assert price(service, question(text, **{"with": True}))[1] == 100 + 1000
    assert price(service, question(text, **{"with": False}))[1] == 100 + 10000


def test_too_many_nodes_are_refused(site: Hosting) -> None:
    text = """query($id: ID!) { node(id: $id) { ... on Repository { pullRequests(first: 100) {
      nodes { commits(first: 100) { nodes { commit { statusCheckRollup { contexts(first: 100) {
        totalCount } } } } } } } } } }"""
    answer = site.ask(text, id=site.node).json()
    assert "data" not in answer
    assert answer["errors"][0]["type"] == "MAX_NODE_LIMIT_EXCEEDED"


def test_a_query_that_takes_too_long_ends_at_the_gateway() -> None:
    with hosting(changes=6, max_nodes=40) as site:
        slow = site.ask(PULLS, id=site.node, first=50, direction="ASC")
        assert slow.status_code == 502
        assert slow.headers["Content-Type"].startswith("text/html")
        spent = int(slow.headers["X-RateLimit-Remaining"])
        fast = site.ask(PULLS, id=site.node, first=40, direction="ASC")
        assert fast.status_code == 200
        assert int(fast.headers["X-RateLimit-Remaining"]) == spent - 1


@pytest.mark.parametrize(
    ("first", "kind"), [(None, "MISSING_PAGINATION_BOUNDARIES"), (101, "EXCESSIVE_PAGINATION")]
)
def test_a_page_needs_a_size(site: Hosting, first: int | None, kind: str) -> None:
    answer = site.ask(PULLS, id=site.node, first=first, direction="ASC").json()
    assert answer["errors"][0]["type"] == kind


def test_a_cursor_of_nothing_is_refused(site: Hosting) -> None:
    answer = site.ask(PULLS, id=site.node, first=1, after="nonsense", direction="ASC").json()
    assert answer["errors"][0]["type"] == "INVALID_CURSOR_ARGUMENTS"
    assert parse_cursor(cursor([1.5, 7])) == [1.5, 7]


@pytest.mark.parametrize(
    "text",
    ["query { nothing }", "query {", "", "query A { viewer { login } } query B { __typename }"],
)
def test_what_the_schema_does_not_allow_is_told_without_data(site: Hosting, text: str) -> None:
    answer = site.ask(text)
    assert answer.status_code == 200
    assert "data" not in answer.json()
    assert answer.json()["errors"][0]["message"]


def test_an_older_server_does_not_know_types_of_issues() -> None:
    query = 'query { __type(name: "Issue") { fields { name args { name } } } }'
    told = {}
    for newer in (True, False):
        with hosting(changes=2, newer=newer) as site:
            fields = site.ask(query).json()["data"]["__type"]["fields"]
            told[newer] = {one["name"]: [arg["name"] for arg in one["args"]] for one in fields}
            refused = (
                "errors"
                in site.ask(
                    documents.document("issues", True), repository=site.node, first=1
                ).json()
            )
            assert refused is not newer
    assert told[True].keys() - told[False].keys() == {"blockedBy", "issueType"}
    assert told[True]["stateReason"] == ["enableDuplicate"]
    assert told[False]["stateReason"] == []
