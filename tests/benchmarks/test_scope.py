"""The store that scope is measured on agrees with itself, and what is measured is whole."""

import re
import sqlite3
from typing import Any

import pytest
import sqlalchemy as sa

from benchmarks import scope_asof, scope_family, scope_fill, scope_floor
from benchmarks.scope_world import AS_OF, NOW, START, World, known, stamp
from sync.reconcile.registry import BUILT_IN, Catalogue
from sync.reconcile.view import View
from sync.store.open import open_store

ITEMS = 2_000
FAMILY = Catalogue(tuple(one for one in BUILT_IN if one.family == "scope"))


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    path = tmp_path_factory.mktemp("bench") / "scope.db"
    return str(path), scope_fill.fill(str(path), ITEMS)


def test_there_are_five_events_for_each_item(filled):
    path, _ = filled
    with sqlite3.connect(path) as database:
        for table, rows in (("work_item", ITEMS), ("field_event", 5 * ITEMS)):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (rows,)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def test_what_an_item_is_now_follows_from_its_events(filled):
    path, _ = filled
    mine = "(e.connection_id, e.work_item_id, e.field) = (w.connection_id, w.source_id, ?)"
    last = (
        "SELECT count(*) FROM work_item w WHERE {now} IS NOT (SELECT {then} FROM field_event e "
        "WHERE {mine} ORDER BY e.at DESC LIMIT 1) "
        "AND EXISTS (SELECT 1 FROM field_event e WHERE {mine})"
    )
    with sqlite3.connect(path) as database:
        for name, now, then in (
            ("status", "raw_status_id", "new_ids"),
            ("points", "estimate_points", "CAST(new_text AS REAL)"),
            ("assignee", "assignee_id", "new_ids"),
        ):
            found = database.execute(last.format(now=now, then=then, mine=mine), (name, name))
            assert found.fetchone() == (0,), name


@pytest.mark.parametrize("at", [NOW, AS_OF], ids=["now", "ten days ago"])
def test_every_ledger_balances(filled, at):
    path, world = filled
    store = open_store(path, read_only=True)
    with store.reading() as conn:
        view = View(conn, scope_family.policy_of(world), at, NOW, present=at == NOW)
        plans = view.plans()
    store.close()
    assert len(plans) == len(world.judged())
    assert [plan.withheld for plan in plans] == [None] * len(plans)
    assert all(plan.ledger.balanced and plan.ledger.lines for plan in plans)


def test_the_family_judges_every_milestone_and_the_floor_reads_their_rows(filled):
    path, world = filled
    outcome = scope_family.judged(path, scope_family.policy_of(world), FAMILY)
    assert set(outcome.states.values()) == {"checked"}
    rows = scope_floor.read(path)
    assert rows["milestone"] >= len(world.judged())
    assert rows["scope_membership"] > rows["work_item"] >= ITEMS * 0.2
    assert rows["field_event"] > 2 * rows["work_item"]


def test_the_floor_reads_no_row_that_the_family_does_not(filled):
    path, world = filled
    asked: list[tuple[str, Any]] = []

    def hear(_conn, _cursor, sql, values, _context, _many):
        asked.append((sql, values))

    sa.event.listen(sa.Engine, "before_cursor_execute", hear)
    try:
        scope_family.judged(path, scope_family.policy_of(world), FAMILY)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", hear)
    floor = scope_floor.read(path)
    read = dict.fromkeys(floor, 0)
    with sqlite3.connect(path) as database:
        for sql, values in asked:
            (table,) = re.findall(r'FROM "?(\w+)', sql)[:1] or [""]
            if table in read:
                read[table] += len(database.execute(sql, values).fetchall())
    assert {table: rows for table, rows in floor.items() if rows > read[table]} == {}
    # Nearly all of the family's rows are in it.
    assert sum(floor.values()) > 0.9 * sum(read.values())


def test_one_milestone_is_looked_at_in_the_past(filled):
    path, world = filled
    assert scope_asof.drop(path)
    found = scope_asof.look(path, world.judged()[0])
    assert found["balanced"]
    assert found["items"] > found["leaves"] > 100


def test_the_same_seed_makes_the_same_world():
    one, other = (list(World(500, seed=3).items()) for _ in range(2))
    assert one == other
    assert one != list(World(500, seed=4).items())


def test_instants_are_written_as_the_store_writes_them():
    assert stamp(0) == START.strftime("%Y-%m-%d %H:%M:%S.%f")
    assert stamp(World(500).end) == NOW.strftime("%Y-%m-%d %H:%M:%S.%f")
    assert known(0) < known(World(500).end) == stamp(World(500).end)
