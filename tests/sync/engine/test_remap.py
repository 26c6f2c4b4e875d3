"""A changed mapping, applied to what is stored without a request."""

from pathlib import Path
from typing import Any

import pytest
from support.synced import Synced, synced

from mappings.load import load
from mappings.registry import get
from mappings.schema import MappingTable
from sync.engine import remap as remapping
from sync.engine.remap import remap

pytestmark = pytest.mark.full_on_postgres


def mapping(tmp_path: Path, text: str) -> MappingTable:
    layer = tmp_path / "mine.toml"
    layer.write_text(text, encoding="utf-8")
    return load([get("jira").defaults, layer])


def requests(it: Synced) -> int:
    return len(it.bench.simulator.log)


def test_a_changed_status_reaches_items_statuses_and_spans(store_url: str, tmp_path: Path) -> None:
    with synced(store_url) as it:
        it.run()
        before = requests(it)
        table = mapping(tmp_path, '[status]\n"In Progress" = "todo"\n')
        result = remap(it.store, it.plan(mapping=table), clock=it.bench.clock)
        assert requests(it) == before
        assert result.rows_written > 0
        statuses = dict(it.rows("SELECT raw_name, category FROM status"))
        assert statuses["In Progress"] == "todo"
        items = it.rows(
            "SELECT DISTINCT status_category FROM work_item WHERE raw_status = 'In Progress'"
        )
        assert items == [("todo",)]


def test_the_same_mapping_writes_nothing(store_url: str) -> None:
    with synced(store_url) as it:
        it.run()
        before = it.contents()
        assert remap(it.store, it.plan(), clock=it.bench.clock).rows_written == 0
        assert it.contents() == before


def test_there_and_back_ends_where_it_began(store_url: str, tmp_path: Path) -> None:
    with synced(store_url) as it:
        it.run()
        before = it.contents()
        table = mapping(tmp_path, '[item_type]\nStory = "task"\n[status]\nDone = "cancelled"\n')
        remap(it.store, it.plan(mapping=table), clock=it.bench.clock)
        assert it.contents() != before
        it.later(minutes=5)
        remap(it.store, it.plan(), clock=it.bench.clock)
        assert it.contents() == before


def test_a_sync_under_a_changed_mapping_remaps_by_itself(store_url: str, tmp_path: Path) -> None:
    with synced(store_url) as it:
        it.run()
        it.later(hours=1)
        table = mapping(tmp_path, '[priority]\nMedium = "low"\n')
        result = it.run(connections=it.plan(mapping=table).connections)
        assert result.rows_written > 0
        assert it.rows("SELECT COUNT(*) FROM work_item WHERE priority = 'medium'") == [(0,)]
        it.later(hours=1)
        again = it.run(connections=it.plan(mapping=table).connections)
        assert again.rows_written == 0


def test_an_unmapped_value_is_one_issue_that_goes_when_it_is_mapped(
    store_url: str, tmp_path: Path
) -> None:
    with synced(store_url) as it:
        world = it.bench.world
        for issue in list(world.alive())[:5]:
            issue.type = "Sub-task"
        empty = tmp_path / "empty.toml"
        empty.write_text('[item_type]\nStory = "feature"\n', encoding="utf-8")
        it.run(connections=it.plan(mapping=load([empty])).connections)
        unmapped = it.rows(
            "SELECT raw_value, message FROM data_issue "
            "WHERE kind = 'unmapped-priority' AND gone_at IS NULL ORDER BY 1"
        )
        assert [value for value, _ in unmapped] == sorted({i.priority for i in world.alive()})
        assert all("[priority]" in message for _, message in unmapped)
        it.later(hours=1)
        it.run()
        assert it.rows(
            "SELECT COUNT(*) FROM data_issue WHERE kind LIKE 'unmapped-%' AND gone_at IS NULL"
        ) == [(0,)]


def test_what_another_run_read_meanwhile_is_not_undone(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A remap works on payloads that it read before; a version has no stamp to compare."""
    with synced(store_url) as it:
        it.run()
        world = it.bench.world
        version = world.version_named("Release 3.2", next(iter(world.projects.values())))
        write = remapping._Again._write

        def read_meanwhile(self: Any, spec: Any, *given: Any) -> None:
            if spec.name == "versions" and version.name == "Release 3.2":
                it.later(hours=1)
                version.name = "Release 3.2.1"
                it.run()
            write(self, spec, *given)

        monkeypatch.setattr(remapping._Again, "_write", read_meanwhile)
        remap(it.store, it.plan(), clock=it.bench.clock)
        names = it.rows("SELECT name FROM milestone WHERE source_id = :id", id=str(version.id))
        assert names == [("Release 3.2.1",)]
