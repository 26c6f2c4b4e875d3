"""A copy of a store into another one holds every row, on either database."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.store import Raw, at, contents, event, item, writer

from mappings.records import History
from mappings.vocabulary import HistoryState
from sync.errors import StoreError, UsageError
from sync.store import schema, transfer
from sync.store.open import Store, open_store
from sync.store.transfer import Copied, copy


def fill(store: Store) -> None:
    """Texts in every script, JSON, bytes, instants, flags, and rows with numbers of the store's."""
    odd = item("2", title="Ünïcode ✓ 日本\n\x85", labels=("b", "a"), restricted=True)
    with writer(store) as made:
        made.raw("10000", [Raw("1", b'{"a":1}'), Raw("2", b"\xf0\x9f\x92\xa9")])
        made.work_items([item("1", estimate_points=3.0), odd])
        made.histories([History("1", HistoryState.COMPLETE, (event("1", "e1", at=at(1.5)),))])
    with store.writing() as conn:
        run = conn.execute(
            sa.insert(schema.reconcile_run)
            .values(
                at=at(0),
                as_of=at(0),
                config_hash="c",
                mapping_version="m",
                program_version="1",
                coverage={"b": [1, 2.5, None, True], "a": {}},
            )
            .returning(schema.reconcile_run.c.id)
        ).scalar_one()
        number = {"connection_id": 1, "observed_at": at(0), "expires_at": at(1)}
        for value in (250, 2.5, "250", True, None):
            one = {**number, "name": repr(value), "value": value}
            conn.execute(sa.insert(schema.capability).values(one))
        conn.execute(
            sa.insert(schema.report).values(
                reconcile_run_id=run, created_at=at(0), period_to=at(0), digest="d", payload=[]
            )
        )


def told(store: Store) -> dict[str, Any]:
    """All rows but what a store says of its own views."""
    found = contents(store)
    found["store_info"] = [row for row in found["store_info"] if row[0] != "views"]
    return found


def test_every_row_comes_over_and_back(store: Store, tmp_path: Path, server: str) -> None:
    from support.store import postgres_database

    fill(store)
    heard: list[Copied] = []
    with postgres_database(server) as url:
        there = open_store(url)
        back = open_store(str(tmp_path / "back.db"))
        done = copy(store, there, heard.append)
        copy(there, back, lambda _: None)
        assert told(there) == told(store) == told(back)
        # The server's own numbers go on behind the copied ones.
        with there.writing() as conn:
            run = conn.execute(sa.select(sa.func.max(schema.reconcile_run.c.id))).scalar_one()
            again = conn.execute(
                sa.insert(schema.report)
                .values(
                    reconcile_run_id=run, created_at=at(0), period_to=at(0), digest="e", payload=[]
                )
                .returning(schema.report.c.id)
            ).scalar_one()
        held = [row[0] for row in contents(store)["report"]]
        assert again == max(held) + 1
        back.close()
        there.close()
    assert done == tuple(heard)
    rows = {one.table: one.rows for one in done}
    assert (rows["work_item"], rows["raw_record"], rows["field_event"]) == (2, 2, 1)


def test_a_store_with_rows_is_not_written_over(store: Store, tmp_path: Path) -> None:
    fill(store)
    other = open_store(str(tmp_path / "other.db"))
    copy(store, other, lambda _: None)
    before = contents(other)
    with pytest.raises(UsageError, match="holds rows already"):
        copy(store, other, lambda _: None)
    assert contents(other) == before
    other.close()


def test_a_row_that_arrives_otherwise_undoes_the_copy(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    other = open_store(str(tmp_path / "other.db"))
    real = transfer.table_sum

    def one_short(conn: sa.Connection, table: sa.Table) -> tuple[int, int]:
        rows, total = real(conn, table)
        return (rows, total + 1) if table is schema.field_event else (rows, total)

    monkeypatch.setattr(transfer, "table_sum", one_short)
    with pytest.raises(StoreError, match="field_event did not arrive as they left"):
        copy(store, other, lambda _: None)
    assert contents(other)["work_item"] == []
    other.close()


def test_rows_are_copied_by_the_chunk(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "CHUNK", 3)
    with writer(store) as made:
        made.work_items([item(str(n)) for n in range(10)])
    other = open_store(str(tmp_path / "other.db"))
    copy(store, other, lambda _: None)
    assert told(other) == told(store)
    other.close()


@pytest.mark.full
def test_indexes_and_references_of_large_tables_are_there_again(
    store: Store, tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from support.store import postgres_database

    monkeypatch.setattr(transfer, "CHUNK", 3)
    with writer(store) as made:
        made.work_items([item(str(n)) for n in range(10)])
    with postgres_database(server) as url:
        for other in (open_store(str(tmp_path / "other.db")), open_store(url)):
            before = _shape(other)
            copy(store, other, lambda _: None)
            assert _shape(other) == before
            assert {"ix_work_item_key"} <= {name for name, *_ in before}
            assert told(other) == told(store)
            other.close()


def _shape(store: Store) -> set[tuple[Any, ...]]:
    """Indexes and references of all tables, as the database has them."""
    queries = (
        ("SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'table')",)
        if store.dialect == "sqlite"
        else (
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
            "SELECT conname, conrelid::regclass::text, pg_get_constraintdef(oid), convalidated "
            "FROM pg_constraint",
        )
    )
    with store.reading() as conn:
        return {tuple(row) for one in queries for row in conn.exec_driver_sql(one)}


@pytest.mark.full
def test_a_copy_that_breaks_the_references_of_a_large_table_is_undone(
    store: Store, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from support.store import postgres_database

    monkeypatch.setattr(transfer, "CHUNK", 3)
    with writer(store) as made:
        made.work_items([item(str(n)) for n in range(10)])
    real = transfer.chunks

    def stray(
        conn: sa.Connection, table: sa.Table, columns: tuple[str, ...]
    ) -> Iterator[list[tuple[Any, ...]]]:
        for chunk in real(conn, table, columns):
            yield [(99, *row[1:]) for row in chunk] if table is schema.work_item else chunk

    monkeypatch.setattr(transfer, "chunks", stray)
    with postgres_database(server) as url:
        other = open_store(url)
        with pytest.raises(StoreError, match="fk_work_item_connection_id_connection"):
            copy(store, other, lambda _: None)
        assert contents(other)["work_item"] == []
        other.close()
