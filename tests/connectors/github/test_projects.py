"""Projects by the real connector in front of a simulated server: pages, holes, permissions."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from support.github_site import Bench, serving
from support.projects import options, planned

from connectors.contract import (
    FeatureOff,
    GoneReason,
    NotAllowed,
    NotFound,
    RawRecord,
    ScopeRef,
    SourceError,
    Unavailable,
    Window,
)
from connectors.github.connector import GitHubConnector
from connectors.github.options import GitHubOptions
from connectors.simulator.code_projects import Project
from connectors.simulator.faults import Fault
from connectors.simulator.github_ids import node_id


@pytest.fixture
def site() -> Iterator[Bench]:
    with serving(11, issues=5, changes=2) as bench:
        yield bench


def connected(site: Bench, *projects: Project, **more: Any) -> GitHubConnector:
    made = site.connector(projects=[options(one) for one in projects], **more)
    made.connect()
    return made


def board(connector: GitHubConnector) -> ScopeRef:
    (found,) = (one for one in connector.scopes() if one.kind == "board")
    return found


def read(connector: GitHubConnector, stream: str) -> list[RawRecord]:
    now = connector._site.runtime.now()
    pages = list(connector.read(stream, board(connector), None, Window(run_started_at=now)))
    assert [one.committed for one in pages] == [False] * (len(pages) - 1) + [True]
    return [record for page in pages for record in page.records]


def values(record: RawRecord) -> dict[str, Any]:
    assert record.parsed is not None
    return {one["field"]["name"]: one for one in record.parsed["fieldValues"]["nodes"]}


def test_every_item_comes_with_all_its_values_however_long_the_lists_are(site: Bench) -> None:
    """B133: Nested connections have pages, too."""
    project = planned(site.hosting.world)
    code = site.hosting.code
    first = project.items[0]
    for number in range(70):
        code.projects.add_field(project, f"Note {number}", "TEXT")
        code.projects.set(first, f"Note {number}", f"text {number}")
    # Behind seventy others in the order of fields.
    code.projects.add_field(project, "Deadline", "DATE")
    code.projects.set(first, "Deadline", date(2026, 4, 1))
    for number in range(101):
        code.projects.add_item(project, None, f"Idea {number}")
    connector = connected(site, project)
    before = connector.request_count
    found = read(connector, "project_items")
    assert [one.source_id for one in found] == [node_id("PVTI", one.id) for one in project.items]
    # Two pages of items; of one item one more page of values.
    assert connector.request_count - before == 3
    held = values(found[0])
    assert len(held) == 72
    assert held["Deadline"]["date"] == "2026-04-01"
    (line,) = (one for one in connector.check() if one.name == f"project {project.key}")
    assert (line.ok, line.detail) == (True, "may be read: Plan, 77 fields")
    (fields,) = read(connector, "project_fields")
    assert fields.parsed is not None
    assert len(fields.parsed["fields"]["nodes"]) == len(project.fields) == 77


def test_ended_iterations_are_told_too(site: Bench) -> None:
    project = planned(site.hosting.world)
    project.field("Sprint").iterations["01c0ffee"].completed = True
    (fields,) = read(connected(site, project), "project_fields")
    assert fields.parsed is not None
    sprint = next(one for one in fields.parsed["fields"]["nodes"] if one["name"] == "Sprint")
    told = sprint["configuration"]
    assert [one["title"] for one in told["completedIterations"]] == ["Sprint 1"]
    assert [one["title"] for one in told["iterations"]] == ["Sprint 2"]


def test_a_page_that_takes_too_long_is_asked_for_at_half_its_size() -> None:
    # A hundred items with thirty values each are 3,100 nodes.
    with serving(11, issues=5, changes=2, max_nodes=1000) as site:
        project = planned(site.hosting.world)
        for number in range(60):
            site.hosting.code.projects.add_item(project, None, f"Idea {number}")
        found = read(connected(site, project), "project_items")
        assert len(found) == len(project.items)


def test_a_look_tells_what_left_from_what_was_only_missed(site: Bench) -> None:
    project, other = planned(site.hosting.world), planned(site.hosting.world, "Other")
    code = site.hosting.code
    kept, archived, removed, elsewhere = (*project.items[:3], other.items[0])
    code.projects.archive(archived)
    code.projects.remove(removed)
    connector = connected(site, project)
    ids = [node_id("PVTI", one.id) for one in (kept, archived, removed, elsewhere)]
    found = connector.look("project_items", board(connector), ids)
    assert [one.reason for one in found] == [
        None,
        None,
        GoneReason.LEFT_SCOPE,
        GoneReason.LEFT_SCOPE,
    ]
    assert [one.record is not None for one in found] == [True, True, False, False]


def test_a_look_that_is_refused_ends_nothing(site: Bench) -> None:
    project = planned(site.hosting.world)
    connector = connected(site, project)
    scope, ids = board(connector), [node_id("PVTI", one.id) for one in project.items[:2]]
    code = site.hosting.code
    code.access_of(site.hosting.world.credentials["owner"]).scopes = ("repo",)
    with pytest.raises(NotAllowed):
        connector.look("project_items", scope, ids)


@pytest.mark.parametrize(
    ("trouble", "error", "word"),
    [
        ("scope", NotAllowed, "read:project"),
        ("permission", NotAllowed, "Projects: read"),
        ("rest", FeatureOff, "GraphQL alone"),
        ("unknown", NotFound, "not there"),
    ],
)
def test_what_cannot_be_read_says_why_and_what_to_do(
    site: Bench, trouble: str, error: type[SourceError], word: str
) -> None:
    """B133: A permission that is missing makes no project empty."""
    project = planned(site.hosting.world)
    access = site.hosting.code.access_of(site.hosting.world.credentials["owner"])
    more: dict[str, Any] = {}
    if trouble == "scope":
        access.scopes = ("repo",)
    elif trouble == "permission":
        access.fine_grained = True
        access.lacking.add("projects")
    elif trouble == "rest":
        more["api"] = "rest"
    else:
        project.deleted = True
    connector = connected(site, project, **more)
    for stream in ("project_fields", "project_items"):
        with pytest.raises(error, match=word):
            read(connector, stream)
    assert board(connector).facts.get("refused", False) is (trouble != "rest")
    (line,) = (one for one in connector.check() if one.name == f"project {project.key}")
    assert line.ok is (None if trouble == "rest" else False)
    assert word in line.detail
    assert "not checked" in line.remedy


def test_a_server_before_projects_says_so() -> None:
    with serving(11, issues=2, changes=2, projects=False) as site:
        project = planned(site.hosting.world)
        with pytest.raises(FeatureOff, match="does not know projects"):
            read(connected(site, project), "project_items")


def test_a_project_that_was_read_before_keeps_its_id_while_it_is_out_of_sight(site: Bench) -> None:
    project = planned(site.hosting.world)
    first = connected(site, project)
    remembered = {one.name: one.value for one in first.connect().capabilities}
    site.hosting.code.access_of(site.hosting.world.credentials["owner"]).scopes = ("repo",)
    again = site.connector(projects=[options(project)])
    again.remember(remembered)
    again.connect()
    assert board(again).source_id == board(first).source_id == node_id("PVT", project.id)


def test_trouble_that_passes_is_no_missing_permission(site: Bench) -> None:
    project = planned(site.hosting.world)
    connector = connected(site, project)
    site.hosting.simulator.script.faults.append(Fault("/graphql$", 503, b"", {}, times=None))
    with pytest.raises(Unavailable):
        read(connector, "project_items")


def test_without_projects_nothing_is_asked_or_offered(site: Bench) -> None:
    connector = site.connector()
    connector.connect()
    assert {one.scope_kind for one in connector.streams()} == {"site", "repository"}
    assert {one.kind for one in connector.scopes()} == {"site", "repository"}


@pytest.mark.parametrize(
    ("project", "told"),
    [
        ({"project": "acme", "status": "Status"}, "owner/number"),
        ({"project": "acme/x", "status": "Status"}, "owner/number"),
        ({"project": "acme/0", "status": "Status"}, "owner/number"),
        ({"project": "acme/1"}, "at least one field"),
        ({"project": "acme/1", "statsu": "Status"}, "statsu"),
    ],
)
def test_options_refuse_what_means_nothing(project: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        GitHubOptions(token="x", projects=[project])  # type: ignore[arg-type]  # as TOML has it


def test_a_project_stands_once_and_a_name_may_stand_alone() -> None:
    one = {"project": "acme/01", "status": "Status", "estimate": ["Points", "Size"]}
    twice = [one, {**one, "project": "Acme/1"}]
    with pytest.raises(ValueError, match="stands twice"):
        GitHubOptions(token="x", projects=twice)  # type: ignore[arg-type]  # as TOML has it
    made = GitHubOptions(token="x", projects=[one])  # type: ignore[arg-type]  # as TOML has it
    assert made.board_fields == {
        "acme/1": {
            "milestone": (),
            "iteration": (),
            "due_date": (),
            "status": ("Status",),
            "estimate": ("Points", "Size"),
        }
    }
