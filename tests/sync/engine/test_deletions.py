"""What is gone at the source is told as gone, with the reason; what is not there proves nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.hosts import Hosts, hosts

from connectors.contract import Outcome
from connectors.simulator import edits
from connectors.simulator.code_things import ChangeRequest
from connectors.simulator.faults import Fault

ALL_WAYS = [
    ("gitlab", "rest"),
    pytest.param("github", "graphql", marks=pytest.mark.full),
    pytest.param("github", "rest", marks=pytest.mark.full),
    pytest.param("gitlab", "graphql", marks=pytest.mark.full),
]


@contextmanager
def read_once(
    store_url: str, kind: str, api: str, **size: Any
) -> Iterator[tuple[Hosts, "dict[str, dict[str, Any]]"]]:
    """A host that was read once, and the options to read it with."""
    options: dict[str, dict[str, Any]] = {kind: {"api": api}}
    with hosts(
        store_url, kinds=(kind,), **{"repositories": 1, "issues": 3, "changes": 4, **size}
    ) as at:
        result = at.run(**options)
        assert result.outcome is Outcome.COMPLETE, result.problems
        yield at, options


def rows(at: Hosts, query: str) -> list[tuple[Any, ...]]:
    with at.store.reading() as conn:
        return [tuple(row) for row in conn.exec_driver_sql(query)]


def changes(at: Hosts, kind: str) -> list[ChangeRequest]:
    (repo, *_) = at.world.code.hosted(kind)  # type: ignore[arg-type] # the name of a host
    return at.world.code.changes_in(repo)


GONE_CHANGES = "SELECT source_id, gone_reason FROM change_request WHERE gone_at IS NOT NULL"


@pytest.mark.full
@pytest.mark.parametrize(("kind", "api"), ALL_WAYS)
def test_a_deleted_change_is_told_as_gone_and_kept(tmp_path: Path, kind: str, api: str) -> None:
    """B79: Nothing stays alive for ever that the source has deleted."""
    with read_once(str(tmp_path / "store.db"), kind, api) as (at, options):
        lost, *others = changes(at, kind)
        edits.delete_change(at.world, lost)
        at.later(hours=25)
        result = at.run(**options)
        assert result.outcome is Outcome.COMPLETE, result.problems
        # Who sees one merge request sees them all; GitHub tells nobody whether one is hidden.
        reason = {"github": "deleted_or_hidden", "gitlab": "deleted"}[kind]
        assert rows(at, GONE_CHANGES) == [(str(lost.id), reason)]
        assert rows(at, "SELECT count(*) FROM change_request") == [(len(others) + 1,)]
        assert rows(
            at,
            "SELECT end_cause FROM scope_membership WHERE member_kind = 'change_request' "
            f"AND member_id = '{lost.id}' AND known_to IS NULL",
        ) == ([(reason,)] if lost.milestone_id else [])
        census = next(one for one in result.steps if one.stream == "change_census")
        assert (census.remote_count, census.local_count) == (len(others), len(others))
        at.later(hours=25)
        assert at.run(**options).rows_written == 0


@pytest.mark.full
@pytest.mark.parametrize(("kind", "api"), [("github", "graphql"), ("gitlab", "rest")])
@pytest.mark.parametrize("fault", ["listing", "look"])
def test_a_failed_census_of_changes_takes_nothing_away(
    tmp_path: Path, kind: str, api: str, fault: str
) -> None:
    with read_once(str(tmp_path / "store.db"), kind, api) as (at, options):
        lost = changes(at, kind)[0]
        edits.delete_change(at.world, lost)
        at.later(hours=25)
        if fault == "look":
            matching, asking = rf"/(pulls|merge_requests)/{lost.number}$", ""
        else:
            matching, asking = "graphql$|merge_requests$", "ChangeCensus|view=simple"
        script = at.simulator.script
        script.faults.append(Fault(matching, 500, b"no", times=None, asking=asking))
        result = at.run(**options)
        assert result.outcome is not Outcome.COMPLETE
        assert rows(at, GONE_CHANGES) == []
        script.clear()
        at.later(hours=1)
        assert at.run(**options).outcome is Outcome.COMPLETE
        assert [row[0] for row in rows(at, GONE_CHANGES)] == [str(lost.id)]


@pytest.mark.full
@pytest.mark.parametrize("api", ["graphql", pytest.param("rest", marks=pytest.mark.full)])
def test_what_becomes_of_issues_at_github(tmp_path: Path, api: str) -> None:
    """B75, B76: Transferred is one row here and one there; a discussion is no issue any more."""
    with read_once(
        str(tmp_path / "store.db"), "github", api, repositories=2, issues=4, changes=1
    ) as (at, _):
        world, (here, there) = at.world, at.world.code.hosted("github")
        outside = world.code.add_repository(world.code.groups[here.group_id], "elsewhere")
        inside, away, talk, lost = world.code.issues_in(here)[:4]
        made = edits.transfer_issue(world, inside, there, by=None)
        edits.transfer_issue(world, away, outside, by=None)
        edits.convert_to_discussion(world, talk, by=None)
        edits.delete_issue(world, lost)
        at.later(hours=25)
        named = {"github": {"api": api, "repositories": (here.path, there.path)}}
        result = at.run(**named)
        assert result.outcome is Outcome.COMPLETE, result.problems
        gone = dict(
            rows(at, "SELECT source_id, gone_reason FROM work_item WHERE gone_at IS NOT NULL")
        )
        assert gone == {
            str(inside.id): "transferred",
            str(away.id): "transferred",
            str(talk.id): "converted",
            str(lost.id): "deleted",
        }
        (row,) = rows(at, f"SELECT key, gone_at FROM work_item WHERE source_id = '{made.id}'")
        assert row == (f"{there.path}#{made.number}", None)
        assert rows(at, f"SELECT gone_to FROM work_item WHERE source_id = '{inside.id}'") == [
            (f"{there.path}#{made.number}",)
        ]
        # Listed as it was, the discussion does not come back.
        at.later(hours=1)
        at.run(full=True, **named)
        assert (
            dict(rows(at, "SELECT source_id, gone_reason FROM work_item WHERE gone_at IS NOT NULL"))
            == gone
        )
