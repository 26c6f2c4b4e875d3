"""Each stream on its own: what is asked, what is left out, and what a missing part becomes."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import orjson
import pytest
from support.gitlab_site import NOW, Bench, keys, read_everything, serving, window

from connectors.contract import (
    FeatureOff,
    GoneReason,
    Identity,
    NotAllowed,
    Page,
    RawRecord,
    ScopeRef,
    TooManyRequests,
)
from connectors.gitlab.connector import GitLabConnector
from connectors.simulator.code_things import Repository
from connectors.simulator.faults import Fault
from connectors.simulator.http import Response


class Opened:
    """A connected connector, its project, and what reading a stream brings."""

    def __init__(self, bench: Bench, **options: Any) -> None:
        self.bench = bench
        self.connector: GitLabConnector = bench.connector(**options)
        self.identity: Identity = self.connector.connect()
        self.scope: ScopeRef = next(
            one for one in self.connector.scopes() if one.kind == "project" and one.source_id
        )

    def pages(self, stream: str, cursor: Any = None, **asked: Any) -> list[Page]:
        return list(self.connector.read(stream, self.scope, cursor, window(self.identity, **asked)))

    def records(self, stream: str, **asked: Any) -> list[RawRecord]:
        found = [one for page in self.pages(stream, **asked) for one in page.records]
        return [one for one in found if one.stream == stream]

    def named(self, stream: str, of: str) -> dict[str, Any]:
        """A follow-up's window for everything of `of`."""
        parents = self.records(of)
        return {
            "ids": tuple(one.source_id for one in parents),
            "keys": keys(self.scope, parents),
        }

    @property
    def repository(self) -> Repository:
        return self.bench.world.code.hosted("gitlab")[0]


class Breaking:
    """A server whose GraphQL fails for every question that names one thing."""

    prefix = "gitlab"

    def __init__(self, genuine: Any, broken: bytes) -> None:
        self.genuine, self.broken = genuine, broken
        self.credential = genuine.credential

    def handle(self, world: Any, clock: Any, request: Any) -> Any:
        if request.path.endswith("graphql") and self.broken in (request.body or b""):
            said = {"errors": [{"message": "Something went wrong"}]}
            return Response(200, orjson.dumps(said))
        return self.genuine.handle(world, clock, request)


@pytest.fixture
def bench() -> Iterator[Bench]:
    with serving(9, issues=8, changes=12) as bench:
        yield bench


def answer(bench: Bench, matching: str, status: int, body: Any, **how: Any) -> None:
    bench.simulator.script.faults.append(
        Fault(matching, status, orjson.dumps(body), times=None, **how)
    )


def payload(record: RawRecord) -> Mapping[str, Any]:
    found: Mapping[str, Any] = orjson.loads(record.payload)
    return found


# --- what every stream keeps ----------------------------------------------------------------


@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_a_record_is_what_its_payload_says(bench: Bench, api: str) -> None:
    run = read_everything(bench.connector(api=api))
    for pages in run.pages.values():
        for page in pages:
            for one in page.records:
                assert one.parsed is not None
                assert orjson.loads(one.payload) == one.parsed, one.stream


def test_no_secret_of_a_project_is_kept(bench: Bench) -> None:
    opened = Opened(bench)
    whole = {"id": int(opened.scope.source_id), "runners_token": "GR-secret", "name": "x"}
    answer(bench, "api/v4/projects/[^/]+$", 200, whole)
    [record] = Opened(bench).records("projects")
    assert b"GR-secret" not in record.payload


# --- horizon --------------------------------------------------------------------------------


@pytest.mark.parametrize("api", ["graphql", "rest"])
@pytest.mark.parametrize("stream", ["issues", "changes"])
def test_open_work_is_read_however_old_and_closed_work_from_the_horizon(
    bench: Bench, api: str, stream: str
) -> None:
    opened = Opened(bench, api=api)
    code = bench.world.code
    since = bench.clock.now() - timedelta(days=10)
    held = (code.issues_in if stream == "issues" else code.changes_in)(opened.repository)
    wanted = {str(one.id) for one in held if one.updated >= since or one.state == "open"}
    assert wanted < {str(one.id) for one in held}
    assert {one.source_id for one in opened.records(stream, since=since)} == wanted


@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_the_census_within_the_horizon_names_what_the_walk_brings(bench: Bench, api: str) -> None:
    opened = Opened(bench, api=api, page_size=3)
    since = bench.clock.now() - timedelta(days=10)
    walked = {one.source_id for one in opened.records("issues", since=since)}
    assert {one.source_id for one in opened.records("census", since=since)} == walked


# --- follow-ups -----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [403, 404])
def test_a_part_that_may_not_be_read_is_no_empty_list(bench: Bench, status: int) -> None:
    opened = Opened(bench, api="rest")
    answer(bench, "/approvals$", status, {"message": "no"})
    [first, *_] = opened.records("change_details", **opened.named("change_details", "changes"))
    part = payload(first)["approvals"]
    assert part["status"] == status
    assert part["unavailable"]


def test_a_merge_request_that_is_gone_is_told(bench: Bench) -> None:
    for api in ("graphql", "rest"):
        opened = Opened(bench, api=api)
        asked = {"ids": ("77", "88"), "keys": {"77": f"{opened.scope.key}!9999"}}
        pages = opened.pages("change_details", **asked)
        lost = {one.source_id: one.kind for page in pages for one in page.unreadable}
        assert lost == {"77": "missing", "88": "broken"}
        assert pages[-1].committed


def test_the_text_of_a_change_is_counted_and_not_kept(bench: Bench) -> None:
    opened = Opened(bench, api="rest")
    diff = "--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,3 @@\n-old\n+new secret line\n+++ more\n same\n"
    row = {"old_path": "x.py", "new_path": "x.py", "diff": diff}
    answer(bench, "/diffs$", 200, [row])
    [first, *_] = opened.records("change_details", **opened.named("change_details", "changes"))
    assert b"secret" not in first.payload
    [file] = payload(first)["files"]
    assert (file["additions"], file["deletions"]) == (1, 1)


def test_a_server_without_diffs_is_asked_for_its_older_list(bench: Bench) -> None:
    opened = Opened(bench, api="rest")
    answer(bench, "/diffs$", 404, {"message": "404 Not Found"})
    old = {"changes": [{"old_path": "a", "new_path": "a", "diff": "+x\n"}], "overflow": True}
    answer(bench, "/changes$", 200, old)
    found = opened.records("change_details", **opened.named("change_details", "changes"))
    assert all(payload(one)["files"]["overflow"] is True for one in found)
    asked = [one.path for one in bench.simulator.log if one.path.endswith("/diffs")]
    assert len(asked) == 1


def test_one_broken_merge_request_is_read_by_rest_and_the_others_in_bulk() -> None:
    with serving(9, issues=1, changes=16) as bench:
        opened = Opened(bench, api="graphql")
        asked = opened.named("change_details", "changes")
        broken = f'"{asked["keys"][asked["ids"][5]].rpartition("!")[2]}"'.encode()

        bench.simulator.dialects["gitlab"] = Breaking(bench.simulator.dialects["gitlab"], broken)
        found = opened.records("change_details", **asked)
        assert {one.source_id for one in found} == set(asked["ids"])
        by_rest = [one.source_id for one in found if payload(one)["__api"] == "rest"]
        assert by_rest == [asked["ids"][5]]


@pytest.mark.parametrize("stream", ["issues", "runs"])
def test_a_page_that_graphql_answers_with_errors_is_read_by_rest(bench: Bench, stream: str) -> None:
    opened = Opened(bench, api="graphql")
    whole = {one.source_id for one in opened.records(stream)}
    answer(bench, "api/graphql$", 200, {"errors": [{"message": "Something went wrong"}]})
    found = opened.records(stream)
    assert {one.source_id for one in found} == whole
    assert {payload(one)["__api"] for one in found} == {"rest"}


def test_lists_longer_than_a_page_are_read_whole_by_rest() -> None:
    """B15: A list below an item has pages like any other."""
    with serving(9, issues=1, changes=3) as bench:
        code = bench.world.code
        repo = code.hosted("gitlab")[0]
        change = code.changes_in(repo)[0]
        people = bench.world.humans()
        for i in range(120):
            code.comment(change, f"note {i}", by=people[0])
        opened = Opened(bench, api="graphql")
        opened.pages("changes")
        asked = {one.path for one in bench.simulator.log if one.path.endswith("/notes")}
        assert asked == {f"/gitlab/api/v4/projects/{repo.id}/merge_requests/{change.number}/notes"}


def test_jobs_of_a_pipeline_that_is_gone_are_told(bench: Bench) -> None:
    opened = Opened(bench, api="rest")
    [page] = opened.pages("jobs", ids=("424242",))
    assert page.done_ids == ("424242",)
    assert "deleted" in payload(page.records[0])["jobs"]["unavailable"]


def test_a_report_that_takes_too_long_is_unavailable_and_costs_no_jobs(bench: Bench) -> None:
    """B128: Reports are made when they are asked for."""
    opened = Opened(bench, api="rest")
    answer(bench, "/test_report_summary$", 503, {"message": "Timeout"})
    found = opened.records("jobs", **opened.named("jobs", "runs"))
    tests = [payload(one)["tests"] for one in found if payload(one)["tests"] is not None]
    assert tests
    assert all(set(one) == {"unavailable"} for one in tests)
    assert all(payload(one)["jobs"] for one in found)


def test_a_summary_is_asked_only_where_a_job_left_a_report(bench: Bench) -> None:
    opened = Opened(bench, api="rest")
    found = opened.records("jobs", **opened.named("jobs", "runs"))
    code = bench.world.code
    wrote = {
        str(run.id)
        for run in code.ci.runs_in(opened.repository)
        if any(job.tests is not None for job in run.jobs)
    }
    asked = {
        one.path.split("/")[-2]
        for one in bench.simulator.log
        if one.path.endswith("/test_report_summary")
    }
    assert asked == wrote
    assert found
    answer(bench, "/jobs$", 200, [{"id": 1, "name": "lint", "artifacts": []}])
    before = len(bench.simulator.log)
    assert opened.records("jobs", ids=("5",))
    assert len(bench.simulator.log) == before + 1


def test_what_another_system_reports_stands_beside_the_jobs(bench: Bench) -> None:
    opened = Opened(bench, api="rest")
    answer(bench, "/pipelines/5/jobs$", 200, [])
    answer(bench, "/pipelines/5$", 200, {"id": 5, "sha": "c0ffee", "source": "external"})
    reported = [{"id": 9, "name": "jenkins", "sha": "c0ffee", "status": "success"}]
    answer(bench, "/commits/c0ffee/statuses$", 200, reported)
    [record] = opened.records("jobs", ids=("5",))
    assert payload(record)["statuses"] == reported


@pytest.mark.parametrize(
    ("run", "expected"),
    [({"sha": "c0ffee", "source": "push"}, "c0ffee"), ({"sha": None, "source": "external"}, None)],
)
def test_a_pipeline_without_jobs_asks_for_no_statuses_of_others(
    bench: Bench, run: dict[str, Any], expected: str | None
) -> None:
    opened = Opened(bench, api="rest")
    answer(bench, "/pipelines/5/jobs$", 200, [])
    answer(bench, "/pipelines/5$", 200, {"id": 5, **run})
    [record] = opened.records("jobs", ids=("5",))
    assert payload(record).get("sha") == expected
    assert "statuses" not in payload(record)


def test_a_merge_request_that_may_not_be_read_is_told(bench: Bench) -> None:
    opened = Opened(bench, api="rest")
    answer(bench, "/versions$", 403, {"message": "403 Forbidden"})
    asked = opened.named("change_details", "changes")
    pages = opened.pages("change_details", **asked)
    told = {one.source_id: one.kind for page in pages for one in page.unreadable}
    assert told == dict.fromkeys(asked["ids"], "forbidden")


# --- histories ------------------------------------------------------------------------------


def test_a_community_edition_is_asked_once_for_what_it_has_not() -> None:
    """B64: What needs a licence is no failure."""
    with serving(9, issues=6, changes=1, premium=False) as bench:
        for api, times in (("rest", 1), ("graphql", 0)):
            opened = Opened(bench, api=api)
            asked = opened.named("histories", "issues")
            before = len(bench.simulator.log)
            found = opened.records("histories", **asked)
            log = [one.path for one in list(bench.simulator.log)[before:]]
            assert len(found) == 6
            assert sum("weight" in one for one in log) == times
            assert payload(found[0])["weight"]["unavailable"]


def test_events_that_may_not_be_read_are_unavailable(bench: Bench) -> None:
    opened = Opened(bench)
    asked = opened.named("histories", "issues")
    answer(bench, "/resource_label_events$", 403, {"message": "403 Forbidden"})
    found = opened.records("histories", **asked)
    assert all(payload(one)["label"]["status"] == 403 for one in found)
    assert all(isinstance(payload(one)["state"], list) for one in found)


def test_the_history_of_an_issue_that_is_gone_is_told(bench: Bench) -> None:
    opened = Opened(bench)
    pages = opened.pages("histories", ids=("77",), keys={"77": f"{opened.scope.key}#9999"})
    assert [one.kind for page in pages for one in page.unreadable] == ["missing"]


def links_asked(bench: Bench, before: int) -> int:
    return sum(one.path.endswith("/links") for one in list(bench.simulator.log)[before:])


@pytest.mark.parametrize(("api", "times"), [("rest", 8), ("graphql", 0)])
def test_links_cost_a_request_where_graphql_does_not_tell_them(
    bench: Bench, api: str, times: int
) -> None:
    opened = Opened(bench, api=api)
    asked = opened.named("histories", "issues")
    before = len(bench.simulator.log)
    found = opened.records("histories", **asked)
    assert links_asked(bench, before) == times
    assert sum("links" in payload(one) for one in found) == times


def test_more_blockers_than_a_page_holds_are_read_whole_by_rest(bench: Bench) -> None:
    code = bench.world.code
    repo = code.hosted("gitlab")[0]
    blocked = code.issues_in(repo)[0]
    for number in range(25):
        other = code.create_issue(repo, f"Part {number}", author=None, at=NOW)
        code.block(blocked, other, at=NOW)
    opened = Opened(bench, api="graphql")
    asked = opened.named("histories", "issues")
    before = len(bench.simulator.log)
    found = {one.source_id: payload(one) for one in opened.records("histories", **asked)}
    assert links_asked(bench, before) == 1
    assert len(found[str(blocked.id)]["links"]) == 25
    told = {one.source_id: payload(one) for one in opened.records("issues")}
    assert [id_ for id_, one in told.items() if "blockedByIssues" not in one] == [str(blocked.id)]


def test_a_history_that_an_earlier_run_left_over_brings_its_links(bench: Bench) -> None:
    asked = Opened(bench, api="graphql").named("histories", "issues")
    found = Opened(bench, api="graphql").records("histories", **asked)
    assert all(payload(one)["links"] == [] for one in found)


def test_of_a_linked_issue_nothing_but_its_id_is_kept(bench: Bench) -> None:
    code = bench.world.code
    one, other = code.issues_in(code.hosted("gitlab")[0])[:2]
    code.block(one, other, at=NOW)
    opened = Opened(bench, api="rest")
    asked = opened.named("histories", "issues")
    found = {it.source_id: payload(it) for it in opened.records("histories", **asked)}
    assert found[str(one.id)]["links"] == [{"id": other.id, "link_type": "is_blocked_by"}]
    assert found[str(other.id)]["links"] == [{"id": one.id, "link_type": "blocks"}]


@pytest.mark.parametrize(("status", "times"), [(403, 8), (404, 1)])
def test_links_that_cannot_be_read_are_told(bench: Bench, status: int, times: int) -> None:
    opened = Opened(bench, api="rest")
    asked = opened.named("histories", "issues")
    answer(bench, "/links$", status, {"message": "no"})
    before = len(bench.simulator.log)
    found = opened.records("histories", **asked)
    assert len(found) == 8
    assert all(payload(one)["links"]["status"] == status for one in found)
    assert all(isinstance(payload(one)["state"], list) for one in found)
    assert links_asked(bench, before) == times


def test_without_a_paid_tier_nothing_is_asked_about_blockers() -> None:
    with serving(9, issues=6, changes=1, premium=False) as bench:
        opened = Opened(bench, api="graphql")
        asked = opened.named("histories", "issues")
        before = len(bench.simulator.log)
        assert all(payload(one)["links"] == [] for one in opened.records("histories", **asked))
        assert links_asked(bench, before) == 0


# --- listings -------------------------------------------------------------------------------


def test_milestones_of_the_groups_above_come_too(bench: Bench) -> None:
    """B134: An issue's milestone may belong to a group."""
    whole = {one.source_id for one in Opened(bench).records("milestones")}
    own = {one.source_id for one in Opened(bench, group_milestones=False).records("milestones")}
    assert own < whole


@pytest.mark.parametrize(
    ("version", "word"),
    [("15.11.0", "include_parent_milestones"), ("18.6.0-ee", "include_ancestors")],
)
def test_a_server_is_asked_in_its_own_words(version: str, word: str) -> None:
    with serving(9, issues=1, changes=1, version=version) as bench:
        Opened(bench).records("milestones")
        [asked] = [one for one in bench.simulator.log if one.path.endswith("/milestones")]
        assert word in asked.query


def test_iterations_are_no_part_of_a_community_edition() -> None:
    with serving(9, issues=1, changes=1, premium=False) as bench:
        for api in ("graphql", "rest"):
            with pytest.raises(FeatureOff):
                Opened(bench, api=api).records("iterations")


def test_without_issues_and_merge_requests_there_are_no_milestones(bench: Bench) -> None:
    code = bench.world.code
    repo = code.hosted("gitlab")[0]
    code.switch(repo, "changes", on=False)
    assert Opened(bench).records("milestones")
    code.switch(repo, "issues", on=False)
    with pytest.raises(FeatureOff):
        Opened(bench).records("milestones")


def test_an_empty_repository_has_no_tags_and_is_not_asked(bench: Bench) -> None:
    path = bench.world.code.hosted("gitlab")[0].path
    whole = {"id": 1, "path_with_namespace": path, "name": "x", "empty_repo": True}
    answer(bench, "api/v4/projects/[^/]+$", 200, whole)
    opened = Opened(bench)
    before = len(bench.simulator.log)
    [page] = opened.pages("releases")
    assert (page.records, page.committed) == ((), True)
    assert len(bench.simulator.log) == before


def test_two_projects_may_have_a_tag_of_the_same_name() -> None:
    with serving(9, issues=1, changes=20, repositories=2) as bench:
        found = read_everything(bench.connector()).records("releases")
        assert len(found) == len({one.source_id for one in found})
        assert len({payload(one)["id"] for one in found}) < len(found)


# --- absence --------------------------------------------------------------------------------


@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_what_became_of_a_missing_issue(bench: Bench, api: str) -> None:
    opened = Opened(bench, api=api)
    code = bench.world.code
    alive, deleted = code.issues_in(opened.repository)[:2]
    code.delete_issue(deleted)
    found = {
        one.source_id: one
        for one in opened.connector.look("census", opened.scope, [str(alive.id), str(deleted.id)])
    }
    assert found[str(alive.id)].reason is None
    record = found[str(alive.id)].record
    assert record is not None
    assert record.stream == "issues"
    assert found[str(deleted.id)].reason is GoneReason.DELETED_OR_HIDDEN


@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_of_a_project_out_of_sight_nothing_is_called_deleted(bench: Bench, api: str) -> None:
    opened = Opened(bench, api=api)
    code = bench.world.code
    code.hide(bench.world.credentials["owner"], opened.repository)
    for stream in ("census", "change_census"):
        with pytest.raises(NotAllowed, match="is out of sight"):
            opened.connector.look(stream, opened.scope, ["1"])


def test_of_merge_requests_that_are_switched_off_none_is_called_deleted(bench: Bench) -> None:
    opened = Opened(bench, api="rest")
    some = bench.world.code.changes_in(opened.repository)[0]
    bench.world.code.switch(opened.repository, "changes", on=False)
    [found] = opened.connector.look("change_census", opened.scope, [str(some.id)])
    assert found.reason is GoneReason.HIDDEN


def test_an_archived_project_is_told_apart_from_one_out_of_sight(bench: Bench) -> None:
    opened = Opened(bench, api="rest")
    code, repo = bench.world.code, opened.repository
    assert opened.connector.whereabouts(opened.scope).reason is None
    code.archive_repository(repo)
    found = opened.connector.whereabouts(opened.scope)
    assert (found.reason, found.detail) == (GoneReason.LEFT_SCOPE, "archived")
    code.hide(bench.world.credentials["owner"], repo)
    assert opened.connector.whereabouts(opened.scope).reason is GoneReason.DELETED_OR_HIDDEN


def test_an_issue_that_shows_up_elsewhere_was_moved(bench: Bench) -> None:
    opened = Opened(bench, api="graphql")
    issue = {"id": "gid://gitlab/Issue/5", "iid": "3", "projectId": 77}
    answer(bench, "api/graphql$", 200, {"data": {"issue": issue}})
    whole = {"id": 5, "iid": 3, "project_id": 77, "references": {"full": "other/place#3"}}
    answer(bench, "projects/77/issues/3$", 200, whole)
    [found] = opened.connector.look("census", opened.scope, ["5"])
    assert (found.reason, found.to_scope_id, found.to_key) == (
        GoneReason.MOVED,
        "77",
        "other/place#3",
    )


@pytest.mark.parametrize(
    "message", ["Query has complexity of 300, which exceeds max complexity of 250",
                "Field 'issue' doesn't exist on type 'Query'"],
)  # fmt: skip
def test_a_look_that_graphql_cannot_take_goes_by_rest(bench: Bench, message: str) -> None:
    opened = Opened(bench, api="graphql")
    issue = bench.world.code.issues_in(opened.repository)[0]
    answer(bench, "api/graphql$", 200, {"errors": [{"message": message}]})
    [found] = opened.connector.look("census", opened.scope, [str(issue.id)])
    assert found.reason is None


# --- a run that stops -----------------------------------------------------------------------


@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_a_limit_loses_no_page_that_was_read(bench: Bench, api: str) -> None:
    """B35: What came before a 429 is kept, and the next run reads the rest only."""
    opened = Opened(bench, api=api, page_size=3)
    whole = {one.source_id for one in opened.records("runs")}
    where = "api/graphql$" if api == "graphql" else "/pipelines$"
    answer(bench, where, 429, {}, headers={"Retry-After": "86400"}, skip=2)
    kept: list[Page] = []
    pages = opened.connector.read("runs", opened.scope, None, window(opened.identity))
    with pytest.raises(TooManyRequests):
        kept.extend(pages)
    bench.simulator.script.clear()
    cursor = orjson.loads(orjson.dumps(kept[-1].cursor))
    later = Opened(bench, api=api, page_size=3)
    rest = [one for page in later.pages("runs", cursor) for one in page.records]
    found = {one.source_id for page in kept for one in (*page.records, *rest)}
    assert kept
    assert found == whole
    assert len([one for one in rest if one.stream == "runs"]) < len(whole)


def test_details_that_cannot_come_along_stay_to_be_asked_for(bench: Bench) -> None:
    opened = Opened(bench, api="graphql")
    answer(bench, "api/graphql$", 403, {"message": "no"})
    pages = opened.pages("changes")
    assert {one.stream for page in pages for one in page.records} == {"changes"}
    assert pages[-1].committed
