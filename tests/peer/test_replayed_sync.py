"""Recordings served page by page to the real connector, through the engine, into the store."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.peer import (
    aloy,
    devlake_cloud,
    devlake_data_center,
    devlake_epics,
    devlake_tables,
    jirametrics,
    rows,
)
from support.replayed import Loaded, loaded

from connectors.contract import Outcome
from mappings.vocabulary import MilestoneKind

pytestmark = pytest.mark.full_on_postgres


def check_complete(it: Loaded) -> None:
    assert it.result.problems == ()
    assert it.result.outcome is Outcome.COMPLETE
    assert {step.outcome for step in it.result.steps} <= {Outcome.COMPLETE, Outcome.UNAVAILABLE}


def stamp(value: Any) -> datetime | None:
    """An instant out of a raw SELECT: text on SQLite, a datetime on PostgreSQL."""
    if value is None:
        return None
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def check_items(it: Loaded) -> None:
    """Every issue as the normalizer made it; a parent known by its key is known by its id now."""
    from sync.store import schema

    with it.store.reading() as conn:
        stored = {row.source_id: row for row in conn.execute(sa.select(schema.work_item))}
    alone = it.alone.items
    assert set(stored) == set(alone)
    ids = {item.key: id_ for id_, item in alone.items()}
    same = (
        "key scope_id item_type raw_type status_category raw_status raw_status_id title created_at "
        "updated_at resolution resolved_at priority raw_priority estimate_points estimate_seconds "
        "estimate_field due_date assignee_id reporter_id text_hash text_tokens restricted"
    ).split()
    for id_, item in alone.items():
        row = stored[id_]
        for name in same:
            assert getattr(row, name) == getattr(item, name), (item.key, name)
        assert sorted(row.labels) == sorted(item.labels)
        parent = item.parent_id
        if parent is not None and parent.startswith("key:"):
            parent = ids.get(parent.removeprefix("key:"), parent)
        assert row.parent_id == parent
        assert row.gone_at is None


def check_events(it: Loaded) -> None:
    """Every change of every history, under the ids that the vendor gave it."""
    from sync.store import schema

    with it.store.reading() as conn:
        stored = {
            (row.work_item_id, row.source_event_id): row
            for row in conn.execute(
                sa.select(schema.field_event).where(schema.field_event.c.known_to.is_(None))
            )
        }
    events = {
        (event.work_item_id, event.source_event_id): event
        for history in it.alone.histories.values()
        for event in history.events
    }
    assert set(stored) == set(events)
    for key, event in events.items():
        row = stored[key]
        assert (row.field, row.raw_field, row.at) == (event.field, event.raw_field, event.at)
        assert row.actor_id == event.actor_id
        assert (row.old_ids or "") == ",".join(event.old_ids)
        assert (row.new_ids or "") == ",".join(event.new_ids)
        assert (row.old_text or "") == (event.old_text or "")
        assert (row.new_text or "") == (event.new_text or "")
    states = it.select("SELECT DISTINCT history_state FROM work_item")
    assert [row[0] for row in states] == ["complete"]


def check_milestones(it: Loaded) -> None:
    from sync.store import schema

    with it.store.reading() as conn:
        stored = {
            (row.kind, row.source_id): row for row in conn.execute(sa.select(schema.milestone))
        }
    listed = dict(it.alone.milestones)
    for id_, one in it.alone.mentioned.items():
        listed.setdefault((MilestoneKind.SPRINT, id_), one)
    assert {(kind.value, id_) for kind, id_ in listed} == set(stored)
    for (kind, id_), one in listed.items():
        row = stored[kind.value, id_]
        for (
            name
        ) in "name state due_date start_date planned_start_at planned_end_at finished_at".split():
            assert getattr(row, name) == getattr(one, name), (id_, name)


def check_links(it: Loaded) -> None:
    stored = {
        tuple(row)
        for row in it.select("SELECT declared_by, source_id, from_id, to_id, kind FROM link")
    }
    assert stored == {
        (item, link.source_id, link.from_id, link.to_id, link.kind.value)
        for item, links in it.alone.links.items()
        for link in links
    }


def check_all(it: Loaded) -> None:
    check_complete(it)
    check_items(it)
    check_events(it)
    check_milestones(it)
    check_links(it)


@pytest.mark.full
def test_a_cloud_project_with_whole_histories(store_url: str, peer_data: Path) -> None:
    """Pages of seven: every item of the change logs straddles pages, none is lost or doubled."""
    with loaded(store_url, devlake_cloud(peer_data), page=7) as it:
        check_all(it)
        _, tables = devlake_tables(peer_data)
        right = {row["issue_id"]: row for row in rows(tables / "_tool_jira_issues.csv")}
        for id_, key, updated, resolved in it.select(
            "SELECT source_id, key, updated_at, resolved_at FROM work_item"
        ):
            row = right.pop(id_)
            assert key == row["issue_key"]
            assert stamp(updated) == datetime.fromisoformat(row["updated"])
            assert stamp(resolved) == datetime.fromisoformat(row["resolution_date"])
        assert right == {}
        assert it.select("SELECT COUNT(*) FROM field_event")[0][0] == 709
        sprints = it.select("SELECT source_id, planned_end_at FROM milestone WHERE kind = 'sprint'")
        ends = {
            row["sprint_id"]: datetime.fromisoformat(row["end_date"])
            for row in rows(tables / "_tool_jira_sprints.csv")
        }
        assert {id_: stamp(end) for id_, end in sprints} == ends


@pytest.mark.full
def test_an_unchanged_recording_writes_nothing(tmp_path: Path, peer_data: Path) -> None:
    with loaded(str(tmp_path / "store.db"), devlake_cloud(peer_data)) as it:
        asked = len(it.replay.asked)
        second = it.again()
        assert second.rows_written == 0
        assert second.problems == ()
        assert len(it.replay.asked) - asked <= 10


def test_a_data_center_with_links_and_inline_histories(tmp_path: Path, peer_data: Path) -> None:
    with loaded(str(tmp_path / "store.db"), devlake_data_center(peer_data), page=5) as it:
        check_all(it)


@pytest.mark.full
def test_stories_whose_epics_are_out_of_reach(tmp_path: Path, peer_data: Path) -> None:
    with loaded(str(tmp_path / "store.db"), devlake_epics(peer_data)) as it:
        check_all(it)


@pytest.mark.full
@pytest.mark.parametrize("sample", ["complete_sample", "testdata"])
def test_recorded_histories(tmp_path: Path, peer_data: Path, sample: str) -> None:
    with loaded(str(tmp_path / "store.db"), jirametrics(peer_data, sample), page=4) as it:
        check_all(it)


@pytest.mark.full
@pytest.mark.parametrize("epoch_ms", [True, pytest.param(False, marks=pytest.mark.full)])
def test_a_whole_retired_data_center(tmp_path: Path, peer_data: Path, epoch_ms: bool) -> None:
    """1,499 issues, 176 versions, sprints in Java's notation, epics by key."""
    with loaded(str(tmp_path / "store.db"), aloy(peer_data), epoch_ms=epoch_ms) as it:
        check_all(it)
        assert it.select("SELECT COUNT(*) FROM work_item")[0][0] == 1499
        known = {item.key for item in it.alone.items.values()}
        open_ends = it.select("SELECT parent_id FROM work_item WHERE parent_id LIKE 'key:%'")
        assert not {row[0].removeprefix("key:") for row in open_ends} & known
        issues = it.select("SELECT kind, raw_value FROM data_issue WHERE gone_at IS NULL")
        assert [tuple(row) for row in issues] == [("unmapped-resolution", "Hold")]
