"""Set queries: what they answer, and that none of them walks through a whole table."""

import re
from typing import Any

import pytest
import sqlalchemy as sa
from support.store import Raw, item, writer

from mappings.records import DataIssue, History
from mappings.vocabulary import HistoryState
from sync.store import presence, read, schema
from sync.store.open import Store, open_store
from sync.store.rows import Fate, MembershipRow


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["10.0", "9.1", "9.0"], ["9.0", "9.1", "10.0"]),
        (["b", "a.2", "3", "a.10"], ["3", "a.2", "a.10", "b"]),
        (["1.10", "1.9", "1"], ["1", "1.9", "1.10"]),
    ],
)
def test_event_ids_are_ordered_as_numbers(ids: list[str], expected: list[str]) -> None:
    assert sorted(ids, key=read.event_order) == expected


def test_nothing_asked_is_nothing_found(store: Store) -> None:
    with store.reading() as conn:
        assert read.items(conn, 1, []) == {}
        assert read.events(conn, 1, ["404"]) == {}
        assert read.memberships(conn, 1, ["404"]) == {}
        assert list(read.raw_pages(conn, 1, "issues", 10)) == []
        assert read.history_gaps(conn, 1, "10000") == 0


def test_pending_histories_come_in_portions(store: Store) -> None:
    with writer(store) as one:
        one.work_items([item(id_) for id_ in "123456"])
        one.work_items([item("7", scope_id="20000")])
        one.histories([History("2", HistoryState.COMPLETE, ())])
        one.histories([History("3", HistoryState.UNAVAILABLE, (), "403")])
        one.tombstones({"4": Fate("deleted")})
    with store.reading() as conn:
        assert read.pending_histories(conn, 1, "10000", limit=2, after="") == ["1", "5"]
        assert read.pending_histories(conn, 1, "10000", limit=2, after="5") == ["6"]
        assert read.history_gaps(conn, 1, "10000") == 4
        assert sorted(presence.present(conn, 1, schema.work_item, "10000")) == [
            "1",
            "2",
            "3",
            "5",
            "6",
        ]


def test_reading_and_writing_a_page_use_indexes(tmp_path: Any) -> None:
    store = open_store(str(tmp_path / "a.db"))
    with store.writing() as conn:
        conn.exec_driver_sql(
            "INSERT INTO connection (id, name, kind, first_seen_at) VALUES (1, 'j', 'jira', '')"
        )
    plans: list[str] = []

    def explain(conn: Any, cursor: Any, sql: str, parameters: Any, *_: Any) -> None:
        # What version the store is of stands in one row.
        of_store = "sqlite_master" in sql or "alembic_version" in sql
        if re.match(r"\s*(SELECT|UPDATE)", sql) and not of_store:
            first = parameters[0] if isinstance(parameters, list) else parameters
            for row in cursor.connection.execute(f"EXPLAIN QUERY PLAN {sql}", first):
                plans.append(f"{row[3]} <- {' '.join(sql.split())}")

    with writer(store) as one:
        one.work_items([item("1", parent_id="key:APO-1")])
    sa.event.listen(store.engine, "before_cursor_execute", explain)
    for _ in range(2):
        with writer(store) as one:
            one.raw("10000", [Raw("1")])
            one.work_items([item("1", title="x")])
            one.histories([History("1", HistoryState.PARTIAL, ())])
            one.memberships({"1": list[MembershipRow]()})
            one.settle({"1": ("partial", None, None, None)})
            one.data_issues(["issues:1"], [DataIssue("odd", "issues:1")])
            one.tombstones({"1": Fate("deleted")})
            one.resolve_parents()
    with store.reading() as conn:
        read.items(conn, 1, ["1"])
        read.events(conn, 1, ["1"])
        read.memberships(conn, 1, ["1"])
        read.pending_histories(conn, 1, "10000", limit=1, after="")
        read.history_gaps(conn, 1, "10000")
        list(read.raw_pages(conn, 1, "issues", 10))
    store.close()
    walks = [plan for plan in plans if plan.startswith("SCAN") and "json_each" not in plan[:20]]
    # One column of the key is the connection: alone it is as good as no index.
    weak = [plan for plan in plans if re.match(r"SEARCH .*\(connection_id=\?\) <-", plan)]
    assert (walks, weak) == ([], [])
    assert any("ix_work_item_history_incomplete" in plan for plan in plans)
    assert len(plans) > 30
