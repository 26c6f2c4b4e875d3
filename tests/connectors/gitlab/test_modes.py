"""Both ways to read a GitLab: equal records, and what each of them costs."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from support.gitlab_site import NOW, Bench, Run, read_everything, serving
from support.records import fields_of

from mappings import gitlab
from mappings.load import load
from mappings.records import DataIssue
from mappings.registry import get

TABLE = load([get("gitlab").defaults])
#: What one API does not tell: (record, path to the value).
ONLY_ONE_TELLS = {
    # GraphQL counts lines per path and does not say what happened to the path.
    ("ChangeFiles", "files", "change"),
    # REST tells names and addresses of authors, GraphQL their accounts.
    ("ChangeCommits", "commits", "author_id"),
    ("ChangeCommits", "commits", "committed_at"),
    # GraphQL has no versions of the diff: no pushes.
    ("Pushes", "state"),
    ("Pushes", "reason"),
    ("Pushes", "pushes"),
    # REST does not name the pipeline that started a child.
    ("PipelineRun", "parent_id"),
}
Records = Mapping[str, Mapping[tuple[str, ...], dict[str, Any]]]


def normalized(run: Run, base_url: str) -> Records:
    """Records by kind and by what identifies them; the last word on each counts."""
    lookups = gitlab.build_lookups(
        (), (), mapping=TABLE, extra={}, time_zone="UTC", base_url=base_url
    )
    found: dict[str, dict[tuple[str, ...], dict[str, Any]]] = defaultdict(dict)
    for pages in run.pages.values():
        for page in pages:
            for raw in page.records:
                for one in gitlab.normalize(raw.stream, raw.payload, TABLE, lookups):
                    assert not isinstance(one, DataIssue), one
                    values = fields_of(one)
                    names = ("source_id", "change_request_id", "run_id", "work_item_id")
                    key = tuple(str(values[name]) for name in names if name in values)
                    if type(one).__name__ == "References":
                        _by_source(found, key, values)
                    else:
                        found[type(one).__name__][key] = values
    return found


def _by_source(found: Any, key: tuple[str, ...], values: dict[str, Any]) -> None:
    for source in values["sources"]:
        mine = [one for one in values["references"] if one["source"] == source]
        found["References"][(*key, source.value)] = {"references": mine}


def differences(left: Any, right: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(left, dict) and isinstance(right, dict):
        for name in left.keys() | right.keys():
            yield from differences(left.get(name), right.get(name), (*path, name))
    elif isinstance(left, list | tuple) and isinstance(right, list | tuple):
        if len(left) != len(right):
            yield path
        for mine, other in zip(left, right, strict=False):
            yield from differences(mine, other, path)
    elif left != right:
        yield path


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with serving(5, issues=24, changes=60) as bench:
        code = bench.world.code
        first, second, third = code.issues_in(code.hosted("gitlab")[0])[:3]
        before = NOW - timedelta(days=1)
        code.block(first, second, at=before)
        code.block(first, third, at=before)
        code.block(second, third, at=before)
        yield bench


@pytest.fixture(scope="module")
def runs(bench: Bench) -> dict[str, Run]:
    return {api: read_everything(bench.connector(api=api)) for api in ("graphql", "rest")}


def test_both_ways_end_in_equal_records(bench: Bench, runs: dict[str, Run]) -> None:
    base = bench.simulator.url("gitlab")
    left, right = (normalized(runs[api], base) for api in ("graphql", "rest"))
    assert left.keys() == right.keys()
    found: set[tuple[str, ...]] = set()
    for kind in left:
        if kind == "References":
            continue
        assert left[kind].keys() == right[kind].keys(), kind
        for key, values in left[kind].items():
            found |= set(differences(values, right[kind][key], (kind,)))
    assert found <= ONLY_ONE_TELLS
    assert ("ChangeFiles", "files", "change") in found


def test_every_issue_says_what_it_waits_for(bench: Bench, runs: dict[str, Run]) -> None:
    issues = bench.world.code.issues_in(bench.world.code.hosted("gitlab")[0])
    for api in ("graphql", "rest"):
        found = normalized(runs[api], bench.simulator.url("gitlab"))["Links"]
        assert {key[0] for key in found} == {str(one.id) for one in issues}
        told = {key[0]: {one["from_id"] for one in links["links"]} for key, links in found.items()}
        assert told == {str(one.id): set(map(str, one.blocked_by)) for one in issues}


@pytest.mark.full
def test_references_differ_only_where_gitlab_declares_them(
    bench: Bench, runs: dict[str, Run]
) -> None:
    base = bench.simulator.url("gitlab")
    left, right = (normalized(runs[api], base)["References"] for api in ("graphql", "rest"))
    only_rest = right.keys() - left.keys()
    assert {key[-1] for key in only_rest} == {"declared"}
    assert left.keys() <= right.keys()
    assert all(left[key] == right[key] for key in left)
    assert any(right[key]["references"] for key in only_rest)


@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_everything_of_the_world_comes(bench: Bench, runs: dict[str, Run], api: str) -> None:
    code = bench.world.code
    repo = code.hosted("gitlab")[0]
    found = normalized(runs[api], bench.simulator.url("gitlab"))
    assert {key[0] for key in found["WorkItem"]} == {str(one.id) for one in code.issues_in(repo)}
    assert {key[0] for key in found["ChangeRequest"]} == {
        str(one.id) for one in code.changes_in(repo)
    }
    assert {key[0] for key in found["PipelineRun"]} == {
        str(one.id) for one in code.ci.runs_in(repo)
    }
    jobs = {result["source_id"] for one in found["RunJobs"].values() for result in one["results"]}
    assert jobs == {str(job.id) for one in code.ci.runs_in(repo) for job in one.jobs}
    assert runs[api].unreadable == []


@pytest.mark.full
@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_a_follow_up_costs_what_it_declares(bench: Bench, runs: dict[str, Run], api: str) -> None:
    run = runs[api]
    prices = {spec.name: spec.requests_per_item for spec in bench.connector().streams()}
    for (scope, stream), spent in run.requests.items():
        records = [one for page in run.pages[scope, stream] for one in page.records]
        own = [one for one in records if one.stream == stream]
        assert spent <= max(4, prices[stream] * len(own)), stream


@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_a_quiet_run_costs_at_most_ten_requests(
    bench: Bench, runs: dict[str, Run], api: str
) -> None:
    bench.clock.sleep(2 * 3600)
    quiet = read_everything(bench.connector(api=api), cursors=runs[api].cursors())
    assert quiet.records("issues") == quiet.records("changes") == quiet.records("runs") == []
    of_project = sum(spent for (scope, _), spent in quiet.requests.items() if scope != "site")
    assert of_project <= 10
    assert quiet.total_requests - of_project <= 4


@pytest.mark.full
def test_bulk_reads_hold_their_budgets() -> None:
    with serving(3, issues=4, changes=1005) as bench:
        skip = frozenset(
            {"census", "change_census", "histories", "issues", "milestones", "releases"}
        )
        run = read_everything(bench.connector(api="graphql"), skip=skip)
        spent = {stream: n for (scope, stream), n in run.requests.items() if scope != "site"}
        assert len(run.records("changes")) >= 1000
        assert spent["changes"] + spent["change_details"] <= 60
        pipelines = len(run.records("runs"))
        assert pipelines >= 3000
        assert spent["runs"] + spent["jobs"] <= 120 * pipelines / 3000
