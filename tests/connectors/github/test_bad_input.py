"""What goes wrong with a real GitHub: one clear error, or a part that is unavailable."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import orjson
import pytest
from support.github_site import Bench, serving
from support.gitlab_site import read_everything, window

from connectors.contract import (
    CannotAuthenticate,
    FeatureOff,
    GoneReason,
    NotAllowed,
    Page,
    ScopeRef,
    Unavailable,
    UnexpectedAnswer,
    Window,
    WrongAddress,
)
from connectors.github.connector import GitHubConnector
from connectors.simulator.code_things import CodeAccess, FileEdit
from connectors.simulator.faults import Fault
from connectors.simulator.limits import Limit
from mappings import github
from mappings.code_records import Checks
from mappings.load import load
from mappings.records import WorkItem
from mappings.registry import get
from mappings.vocabulary import HistoryState

TABLE = load([get("github").defaults])
LOOKUPS = github.build_lookups(
    (), (), mapping=TABLE, extra={"milestones": {}}, time_zone="UTC", base_url=""
)
BOTH = pytest.mark.parametrize("api", ["graphql", "rest"])


@pytest.fixture
def bench() -> Iterator[Bench]:
    with serving(11, issues=8, changes=6) as bench:
        yield bench


def access(bench: Bench) -> CodeAccess:
    world = bench.hosting.world
    return world.code.access_of(world.credentials["owner"])


def fault(bench: Bench, matching: str, status: int, body: bytes, **more: Any) -> None:
    bench.hosting.simulator.script.faults.append(Fault(matching, status, body, **more))


def repository(connector: GitHubConnector) -> ScopeRef:
    return next(one for one in connector.scopes() if one.kind == "repository")


def read(connector: GitHubConnector, stream: str, **changes: Any) -> list[Page]:
    identity = connector.connect()
    scope = repository(connector)
    cursor = changes.pop("cursor", None)
    return list(connector.read(stream, scope, cursor, window(identity, **changes)))


def ids(pages: list[Page], stream: str) -> set[str]:
    return {one.source_id for page in pages for one in page.records if one.stream == stream}


def test_a_refused_token_is_asked_with_once(bench: Bench) -> None:
    with pytest.raises(CannotAuthenticate, match="Bad credentials") as caught:
        bench.connector(token="ghp_of-somebody-else").connect()
    assert "expired or been revoked" in caught.value.todo
    assert len(bench.hosting.simulator.log) == 1


def test_no_token_makes_no_request(bench: Bench) -> None:
    with pytest.raises(CannotAuthenticate, match="no token"):
        bench.connector(token=None).connect()
    assert not bench.hosting.simulator.log


@pytest.mark.parametrize(
    ("lacking", "stream", "permission"),
    [("issues", "issues", "Issues: read"), ("changes", "changes", "Pull requests: read")],
)
@BOTH
def test_a_missing_permission_is_named(
    bench: Bench, api: str, lacking: str, stream: str, permission: str
) -> None:
    access(bench).fine_grained = True
    access(bench).lacking.add(lacking)
    connector = bench.connector(api=api)
    with pytest.raises(NotAllowed, match="no permission"):
        read(connector, stream)
    wrong = [one for one in connector.check() if one.ok is False]
    assert [one.permission for one in wrong] == [permission]
    assert "Without it" in wrong[0].remedy


@BOTH
def test_checks_that_may_not_be_read_are_unavailable_and_not_empty(bench: Bench, api: str) -> None:
    access(bench).fine_grained = True
    access(bench).lacking.update({"checks", "statuses"})
    run = read_everything(
        bench.connector(api=api, jobs=False),
        skip=frozenset({"census", "change_census", "deployments"}),
    )
    found = [
        one
        for raw in run.records("change_details")
        for one in github.normalize(raw.stream, raw.payload, TABLE, LOOKUPS)
        if isinstance(one, Checks)
    ]
    assert found
    assert {one.state for one in found} == {HistoryState.UNAVAILABLE}
    assert all(one.reason for one in found)


@BOTH
def test_single_sign_on_wants_the_token_authorised(bench: Bench, api: str) -> None:
    connector = bench.connector(api=api)
    connector.connect()
    repo = bench.hosting.repo
    access(bench).unauthorised.add(repo.group_id)
    with pytest.raises(NotAllowed) as caught:
        read(connector, "issues")
    assert "Configure SSO" in caught.value.todo


def test_an_organisation_behind_single_sign_on_is_told_at_the_scope(bench: Bench) -> None:
    """B62: A repository that is there may answer that it is not."""
    access(bench).unauthorised.add(bench.hosting.repo.group_id)
    scope = repository(bench.connector())
    assert scope.source_id == ""
    assert "single sign-on" in scope.facts["error"]


def test_without_graphql_everything_goes_by_rest() -> None:
    with serving(11, issues=8, changes=6, graphql=False) as bench:
        connector = bench.connector(api="auto")
        assert ids(read(connector, "issues"), "issues")
        assert connector.connect().capabilities[0].value is False
        (line,) = [one for one in connector.check() if one.name == "GraphQL"]
        assert line.ok is None
        assert "REST" in line.remedy
        with pytest.raises(WrongAddress, match="GraphQL does not answer"):
            bench.connector(api="graphql").connect()


def test_what_was_found_out_is_not_asked_again(bench: Bench) -> None:
    first = bench.connector().connect()
    connector = bench.connector()
    connector.remember({one.name: one.value for one in first.capabilities})
    before = len(bench.hosting.simulator.log)
    connector.connect()
    assert [one.path.rpartition("/")[2] for one in bench.hosting.simulator.log[before:]] == [
        "user",
        bench.hosting.repo.path.rpartition("/")[2],
    ]


@BOTH
def test_an_enterprise_server_without_limits_is_read_without_waiting(api: str) -> None:
    with serving(11, issues=8, changes=6, enterprise=True, limit=None, points=None) as bench:
        connector = bench.connector(api=api)
        identity = connector.connect()
        assert (identity.deployment, identity.version) == ("enterprise", "3.14.2")
        assert ids(read(connector, "changes"), "changes")
        assert not bench.pauses
        (line,) = [one for one in connector.check() if one.name == "request limit"]
        assert "none" in line.detail


def test_zero_of_zero_left_is_no_limit(bench: Bench) -> None:
    connector = bench.connector(api="rest")
    connector.connect()
    limits = {"X-RateLimit-Limit": "0", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0"}
    fault(bench, "/issues$", 403, b'{"message":"Forbidden"}', headers=limits, times=None)
    with pytest.raises(NotAllowed):
        read(connector, "issues")
    assert not bench.pauses


def test_an_answer_that_is_not_worked_out_is_no_empty_one(bench: Bench) -> None:
    connector = bench.connector(api="rest")
    connector.connect()
    fault(bench, "/milestones$", 202, b"{}")
    with pytest.raises(UnexpectedAnswer, match="HTTP 202"):
        read(connector, "milestones")


def test_a_web_page_is_no_answer(bench: Bench) -> None:
    connector = bench.connector(api="rest")
    connector.connect()
    page = b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>"
    fault(bench, "/issues$", 200, page, content_type="text/html")
    with pytest.raises(WrongAddress, match="Sign in"):
        read(connector, "issues")


def test_something_else_at_the_address_is_no_github(bench: Bench) -> None:
    fault(bench, "/user$", 200, b'{"hello": 1}')
    with pytest.raises(WrongAddress, match="no GitHub API"):
        bench.connector().connect()


@BOTH
def test_a_renamed_repository_is_read_by_its_id(bench: Bench, api: str) -> None:
    """A redirect would drop the query and show open issues alone."""
    code, repo = bench.hosting.code, bench.hosting.repo
    former = repo.path
    code.rename_repository(repo, f"{former}-next", at=bench.hosting.clock.now())
    connector = bench.connector(api=api, repositories=[former])
    pages = read(connector, "issues")
    assert ids(pages, "issues") == {str(one.id) for one in code.issues_in(repo)}
    assert repository(connector).key == f"{former}-next"
    notes = [one for one in connector.check() if one.name == f"repository {former}"]
    assert f"is now called {former}-next" in notes[0].detail


def test_after_a_rename_every_item_gets_its_new_key(bench: Bench) -> None:
    """B26: A name is no identity: the cursor belongs to the repository."""
    code, repo = bench.hosting.code, bench.hosting.repo
    connector = bench.connector()
    cursor = read(connector, "issues")[-1].cursor
    bench.hosting.later(hours=1)
    code.rename_repository(repo, f"{repo.path}-next", at=bench.hosting.clock.now())
    pages = read(bench.connector(), "issues", cursor=cursor)
    keys = {
        one.key
        for page in pages
        for raw in page.records
        for one in github.normalize(raw.stream, raw.payload, TABLE, LOOKUPS)
        if isinstance(one, WorkItem)
    }
    assert keys == {f"{repo.path}#{one.number}" for one in code.issues_in(repo)}


def test_a_recycled_name_does_not_lead_to_another_repository(bench: Bench) -> None:
    code, repo, now = bench.hosting.code, bench.hosting.repo, bench.hosting.clock.now()
    former = repo.path
    known = {one.name: one.value for one in bench.connector().connect().capabilities}
    code.rename_repository(repo, f"{former}-next", at=now)
    group = next(one for one in code.groups.values() if one.id == repo.group_id)
    code.add_repository(group, former.rpartition("/")[2], at=now)
    connector = bench.connector(repositories=[former])
    connector.remember(known)
    assert repository(connector).source_id == str(repo.id)
    notes = [one for one in connector.check() if one.name == f"repository {former}"]
    assert notes[0].ok is False
    assert "another repository by now" in notes[0].detail


@BOTH
def test_issues_that_are_switched_off_are_no_failure(bench: Bench, api: str) -> None:
    code, repo = bench.hosting.code, bench.hosting.repo
    some = str(code.issues_in(repo)[0].id)
    code.switch(repo, "issues", on=False)
    connector = bench.connector(api=api)
    for stream in ("issues", "histories", "census", "milestones"):
        with pytest.raises(FeatureOff, match="switched off"):
            read(connector, stream)
    (gone,) = connector.look("census", repository(connector), [some])
    assert gone.reason is GoneReason.HIDDEN


@BOTH
def test_an_empty_repository_has_nothing_and_says_so(bench: Bench, api: str) -> None:
    """B65: A conflict can mean that there is nothing yet."""
    code, repo = bench.hosting.code, bench.hosting.repo
    group = next(one for one in code.groups.values() if one.id == repo.group_id)
    empty = code.add_repository(group, "empty", at=bench.hosting.clock.now())
    run = read_everything(
        bench.connector(api=api, repositories=[empty.path]),
        skip=frozenset({"census", "change_census", "deployments"}),
    )
    assert not run.unreadable
    for stream in ("issues", "changes", "runs", "releases"):
        assert not run.records(stream)
        assert run.pages[str(empty.id), stream][-1].committed


def test_a_repository_that_nobody_may_see_is_told_at_the_scope(bench: Bench) -> None:
    scope = repository(bench.connector(repositories=["apollo/no-such"]))
    assert scope.source_id == ""
    assert "cannot be read" in scope.facts["error"]


@BOTH
def test_what_became_of_missing_issues_is_looked_up(bench: Bench, api: str) -> None:
    code, repo, now = bench.hosting.code, bench.hosting.repo, bench.hosting.clock.now()
    group = next(one for one in code.groups.values() if one.id == repo.group_id)
    other = code.add_repository(group, "elsewhere", at=now)
    alive, deleted, moved = code.issues_in(repo)[:3]
    keys = {str(one.id): f"{repo.path}#{one.number}" for one in (alive, deleted, moved)}
    code.delete_issue(deleted, at=now)
    there = code.transfer(moved, other, at=now, by=None)
    connector = bench.connector(api=api)
    scope = repository(connector)
    named = ScopeRef(**{**_fields(scope), "facts": {**scope.facts, "keys": keys}})
    found = {one.source_id: one for one in connector.look("census", named, list(keys))}
    assert found[str(alive.id)].reason is None
    assert found[str(alive.id)].record is not None
    assert found[str(deleted.id)].reason is GoneReason.DELETED
    gone = found[str(moved.id)]
    assert (gone.reason, gone.to_key) == (
        GoneReason.TRANSFERRED,
        f"{other.path}#{there.number}",
    )
    # Without its key an issue that is listed no more can only be called missing.
    (unknown,) = connector.look("census", scope, [str(deleted.id)])
    assert unknown.reason is GoneReason.DELETED_OR_HIDDEN
    # A name stands for a repository: out of sight is not deleted.
    code.delete_repository(repo)
    for stream in ("census", "change_census"):
        with pytest.raises(NotAllowed, match="is out of sight"):
            connector.look(stream, named, [str(alive.id)])


def _fields(scope: ScopeRef) -> dict[str, Any]:
    return {name: getattr(scope, name) for name in ("kind", "source_id", "key", "name")}


def test_pages_shrink_until_the_server_can_answer() -> None:
    with serving(11, issues=8, changes=20, max_nodes=3000) as bench:
        connector = bench.connector()
        pages = read(connector, "changes")
        repo = bench.hosting.repo
        assert ids(pages, "changes") == {str(one.id) for one in bench.hosting.code.changes_in(repo)}
        refused = [one for one in bench.hosting.simulator.log if one.status == 502]
        assert refused
        assert len(refused) <= 5
        # The size that worked is kept, also for the next run.
        before = len(bench.hosting.simulator.log)
        read(connector, "changes")
        assert all(one.status == 200 for one in bench.hosting.simulator.log[before:])
        before = len(bench.hosting.simulator.log)
        read(bench.connector(), "changes", cursor={"size": (pages[-1].cursor or {})["size"]})
        assert all(one.status == 200 for one in bench.hosting.simulator.log[before:])


def test_spent_points_are_waited_for() -> None:
    with serving(11, issues=8, changes=6, points=Limit(3, timedelta(minutes=5))) as bench:
        connector = bench.connector(change_page_size=2)
        assert len(ids(read(connector, "changes"), "changes")) >= 6
        assert bench.pauses


def test_a_secondary_limit_without_an_end_is_given_a_minute(bench: Bench) -> None:
    connector = bench.connector(api="rest")
    connector.connect()
    said = b'{"message":"You have exceeded a secondary rate limit. Please wait."}'
    fault(bench, "/issues$", 403, said)
    before = bench.hosting.clock.now()
    assert ids(read(connector, "issues"), "issues")
    assert bench.hosting.clock.now() - before >= timedelta(seconds=60)


def test_an_outage_ends_after_some_attempts_and_is_no_overload(bench: Bench) -> None:
    connector = bench.connector()
    scope = repository(connector)
    before = len(bench.hosting.simulator.log)
    fault(bench, "/graphql$", 503, b"{}", times=None)
    with pytest.raises(Unavailable, match="HTTP 503"):
        list(connector.read("changes", scope, None, Window(bench.hosting.clock.now())))
    assert len(bench.hosting.simulator.log) - before <= 8


def test_an_outage_does_not_show_that_a_server_has_no_graphql(bench: Bench) -> None:
    fault(bench, "/graphql$", 503, b"{}", times=None)
    with pytest.raises(Unavailable, match="HTTP 503"):
        bench.connector(api="auto").connect()


def test_a_page_with_a_hole_is_not_taken_for_whole(bench: Bench) -> None:
    connector = bench.connector()
    scope = repository(connector)
    repo = bench.hosting.repo
    body = (
        b'{"data":{"node":{"databaseId":%d,"issues":{"pageInfo":{"hasNextPage":false},'
        b'"nodes":[null]}}},"errors":[{"type":"FORBIDDEN","message":"no",'
        b'"path":["node","issues","nodes",0]}]}' % repo.id
    )
    fault(bench, "/graphql$", 200, body)
    with pytest.raises(UnexpectedAnswer, match="without contents"):
        list(connector.read("issues", scope, None, Window(bench.hosting.clock.now())))


def test_a_part_that_is_left_out_is_not_an_empty_one(bench: Bench) -> None:
    """GitHub gives no files where it cannot make the difference, without an error."""
    connector = bench.connector()
    scope = repository(connector)
    repo = bench.hosting.repo
    node = {
        "databaseId": 5,
        "number": 1,
        "updatedAt": "2026-03-01T00:00:00Z",
        "state": "OPEN",
        "files": None,
        "reviews": {"nodes": [], "pageInfo": {"hasNextPage": False}},
        "headChecks": {"nodes": [{"commit": {"oid": "a" * 40, "statusCheckRollup": {}}}]},
    }
    held = {"nodes": [node], "pageInfo": {"hasNextPage": False}}
    body = {"data": {"node": {"databaseId": repo.id, "pullRequests": held}}}
    fault(bench, "/graphql$", 200, orjson.dumps(body))
    asked = Window(bench.hosting.clock.now())
    (page,) = connector.read("changes", scope, None, asked)
    (raw,) = (one for one in page.records if one.stream == "change_details")
    found = github.normalize(raw.stream, raw.payload, TABLE, LOOKUPS)
    states = {type(one).__name__: getattr(one, "state", None) for one in found}
    assert states["Reviews"] is HistoryState.COMPLETE
    for name in ("ChangeFiles", "ChangeCommits", "Pushes", "Checks"):
        assert states[name] is HistoryState.UNAVAILABLE, name


@pytest.mark.parametrize("apps", [4, 5])
def test_checks_that_rest_does_not_list_are_unavailable_and_not_missing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, apps: int
) -> None:
    """B20: Of a commit with very many suites only the newest are listed, without a word."""
    monkeypatch.setattr("connectors.simulator.github_rest.MOST_SUITES", 4)
    monkeypatch.setattr("connectors.github.details.MOST_SUITES", 4)
    code, repo, now = bench.hosting.code, bench.hosting.repo, bench.hosting.clock.now()
    author = next(iter(bench.hosting.world.people))
    steps = [("A step", [FileEdit("src/a.py", "added")])]
    change = code.open_change(repo, "Checked by many", "many", steps, author=author, at=now)
    for i in range(apps):
        code.ci.check(repo, change.head_sha, f"unit {i}", f"app {i}", now, "success")
    bench.hosting.later(minutes=5)
    connector = bench.connector(api="rest")
    identity = connector.connect()
    scope = next(one for one in connector.scopes() if one.kind == "repository")
    keys = {str(change.id): f"{repo.path}#{change.number}"}
    asked = window(identity, ids=tuple(keys), keys=keys)
    (page,) = connector.read("change_details", scope, None, asked)
    held = orjson.loads(page.records[0].payload)["head_checks"]["check_runs"]
    if apps == 4:
        assert len(held) == 4
    else:
        assert held["unavailable"] == "the commit has 5 check suites, and runs of 4 are listed"
        found = github.normalize("change_details", page.records[0].payload, TABLE, LOOKUPS)
        assert HistoryState.UNAVAILABLE in {one.state for one in found if isinstance(one, Checks)}


def test_an_older_schema_is_read_by_rest(bench: Bench) -> None:
    known = {"fields": [{"name": "timelineItems", "args": []}]}
    kinds = {"enumValues": [{"name": "CLOSED_EVENT"}]}
    data = {
        "viewer": {"login": "x"},
        "issue": known,
        "pullRequest": known,
        "issueTimeline": kinds,
        "pullTimeline": kinds,
    }
    fault(bench, "/graphql$", 200, orjson.dumps({"data": data}), times=None)
    connector = bench.connector()
    identity = connector.connect()
    found = {one.name: one for one in identity.capabilities}
    assert found["graphql"].value is False
    assert "older than what is asked for" in found["graphql"].detail
    assert "fullDatabaseId" in found["graphql"].detail
