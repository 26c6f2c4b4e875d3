"""Both ways to read a GitHub: equal records, and what each of them costs."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from support.github_site import Bench, serving
from support.gitlab_site import Run, read_everything
from support.records import fields_of

from connectors.github.specs import STREAMS
from mappings import github
from mappings.load import load
from mappings.records import DataIssue
from mappings.registry import get

TABLE = load([get("github").defaults])
#: Deployments are read by GraphQL alone.
REST_SKIPS = frozenset({"census", "deployments"})
#: What one API does not tell: (record, path to the value).
ONLY_ONE_TELLS = {
    # REST gives the address of a parent, which the store resolves.
    ("WorkItem", "parent_id"),
    # REST names a parent by its number, and not where an issue was transferred from.
    ("History", "events", "new_ids"),
    ("History", "events", "old_ids"),
    ("History", "events", "old_text"),
    # GraphQL does not tell a path's former name.
    ("ChangeFiles", "files", "old_path"),
    # REST does not tell the head before a force-push.
    ("Pushes", "pushes", "before_sha"),
    # REST does not name a check's workflow.
    ("Checks", "results", "stage"),
}
_METHODS = {
    "merge": "merge",
    "squash": "squash",
    "rebase": "rebase",
    "fast-forward": "fast_forward",
}
Records = Mapping[str, Mapping[tuple[str, ...], dict[str, Any]]]


def normalized(run: Run, milestones: Mapping[str, list[str]] | None = None) -> Records:
    """Records by kind and by what identifies them; the last word on each counts."""
    lookups = github.build_lookups(
        (), (), mapping=TABLE, extra={"milestones": milestones or {}}, time_zone="UTC", base_url=""
    )
    found: dict[str, dict[tuple[str, ...], dict[str, Any]]] = defaultdict(dict)
    names = ("source_id", "change_request_id", "run_id", "work_item_id", "sources", "sha", "branch")
    for pages in run.pages.values():
        for page in pages:
            for raw in page.records:
                for one in github.normalize(raw.stream, raw.payload, TABLE, lookups):
                    assert not isinstance(one, DataIssue), one
                    values = fields_of(one)
                    key = tuple(str(values[name]) for name in names if name in values)
                    kind = type(one).__name__
                    if kind == "References":
                        for source in values["sources"]:
                            mine = [x for x in values["references"] if x["source"] == source]
                            found[kind][(values["change_request_id"], source.value)] = {"all": mine}
                    elif kind == "Commits":
                        for commit in values["commits"]:
                            found[kind][(commit["sha"],)] = commit
                    else:
                        found[kind][key] = values
    return found


def differences(left: Any, right: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Paths at which two values differ."""
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
        code, now = bench.hosting.code, bench.hosting.clock.now()
        first, second, third = code.issues_in(bench.hosting.repo)[:3]
        code.block(first, second, at=now)
        code.block(first, third, at=now)
        code.set_parent(second, third, at=now)
        yield bench


@pytest.fixture(scope="module")
def runs(bench: Bench) -> dict[str, Run]:
    return {
        "graphql": read_everything(bench.connector(api="graphql")),
        "rest": read_everything(bench.connector(api="rest"), skip=REST_SKIPS),
    }


def test_both_ways_end_in_equal_records(runs: dict[str, Run]) -> None:
    left, right = normalized(runs["graphql"]), normalized(runs["rest"])
    assert left.keys() - right.keys() == {"Deployment"}
    found: set[tuple[str, ...]] = set()
    for kind in right:
        if kind == "References":
            continue
        assert left[kind].keys() == right[kind].keys(), kind
        for key, values in left[kind].items():
            if kind == "Links":
                assert _sorted(values) == _sorted(right[kind][key])
                continue
            found |= set(differences(values, right[kind][key], (kind,)))
    assert found <= ONLY_ONE_TELLS


def _sorted(links: dict[str, Any]) -> list[str]:
    return sorted(map(repr, links["links"]))


@pytest.mark.full
def test_references_differ_only_where_github_declares_them(runs: dict[str, Run]) -> None:
    left, right = (normalized(runs[api])["References"] for api in ("graphql", "rest"))
    only_graphql = left.keys() - right.keys()
    assert {key[-1] for key in only_graphql} == {"declared"}
    assert right.keys() <= left.keys()
    assert all(left[key] == right[key] for key in right)
    assert any(left[key]["all"] for key in only_graphql)


@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_everything_of_the_world_comes(bench: Bench, runs: dict[str, Run], api: str) -> None:
    code, repo = bench.hosting.code, bench.hosting.repo
    found = normalized(runs[api])
    assert {key[0] for key in found["WorkItem"]} == {str(one.id) for one in code.issues_in(repo)}
    assert {key[0] for key in found["ChangeRequest"]} == {
        str(one.id) for one in code.changes_in(repo)
    }
    assert {key[0] for key in found["PipelineRun"]} == {
        str(one.id) for one in code.ci.runs_in(repo)
    }
    assert not runs[api].unreadable


@pytest.mark.full
@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_what_landed_and_how_is_what_happened(bench: Bench, runs: dict[str, Run], api: str) -> None:
    code, repo = bench.hosting.code, bench.hosting.repo
    found = normalized(runs[api])["ChangeRequest"]
    merged = [one for one in code.changes_in(repo) if one.merged_at is not None]
    assert merged
    for one in merged:
        told = found[(str(one.id),)]
        assert told["state"].value == "merged"
        assert told["landed_sha"] == one.landed_sha
        assert told["merge_method"].value in (_METHODS[one.method], "unknown")
        if told["base_sha_at_merge"] is not None:
            first = code.git.commits[repo.id, one.landed[0]].parents[0]
            assert told["base_sha_at_merge"] == first
        assert told["landed_tree"] == code.git.commits[repo.id, one.landed_sha].tree


@pytest.mark.full
def test_a_thousand_changes_with_ci_evidence_keep_their_budget() -> None:
    """The price is per page, so a small world tells it: pages of 25 changes, of 100 runs."""
    with serving(3, issues=0, changes=150) as bench:
        run = read_everything(bench.connector(api="graphql", jobs=False))
    scope = bench.hosting.repo.id
    changes, all_runs = len(run.records("changes")), len(run.records("runs"))
    evidence = run.requests[str(scope), "changes"] + run.requests[str(scope), "change_details"]
    assert evidence * 1000 <= 130 * changes + 1000
    assert run.requests[str(scope), "runs"] <= all_runs / 100 + 2


def test_issues_with_histories_keep_their_budget(bench: Bench, runs: dict[str, Run]) -> None:
    scope = str(bench.hosting.repo.id)
    took = runs["graphql"].requests[scope, "issues"] + runs["graphql"].requests[scope, "histories"]
    assert took * 1000 <= 60 * len(runs["graphql"].records("issues")) + 1000


@pytest.mark.parametrize("api", ["graphql", "rest"])
def test_every_stream_keeps_its_declared_price(runs: dict[str, Run], api: str) -> None:
    run = runs[api]
    assert run.scopes[1].kind == "repository"
    for spec in STREAMS:
        key = (run.scopes[1].source_id, spec.name)
        if key not in run.requests:
            continue
        count = len(run.records(spec.name))
        # A listing costs a request though it is empty; the releases are two listings.
        assert run.requests[key] <= 2 + spec.requests_per_item * count, spec.name


@pytest.mark.full
def test_the_promised_budgets_at_their_full_size() -> None:
    """1,000 pull requests with CI evidence in 160 requests, 1,000 issues with history in 60."""
    with serving(3, issues=1000, changes=1015) as bench:
        run = read_everything(
            bench.connector(api="graphql", jobs=False),
            skip=frozenset({"census", "releases", "deployments", "required_checks", "milestones"}),
        )
    scope = str(bench.hosting.repo.id)
    assert len(run.records("issues")) >= 1000
    assert run.requests[scope, "issues"] + run.requests[scope, "histories"] <= 60
    assert len(run.records("changes")) >= 1000
    parts = ("changes", "change_details", "runs")
    assert sum(run.requests[scope, one] for one in parts) <= 160
    assert not run.unreadable
