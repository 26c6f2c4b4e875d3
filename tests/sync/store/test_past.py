"""Rows that are overwritten stay known as they were, on both databases."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from support.store import START, at, connection, contents, empty, item, writer

from connectors.contract import GoneReason
from mappings.records import Account, History, Milestone, Scope, Status
from mappings.vocabulary import (
    HistoryState,
    MilestoneKind,
    MilestoneState,
    ScopeKind,
    StatusCategory,
)
from sync.errors import UsageError
from sync.store import past, schema
from sync.store.open import Store, memory_store
from sync.store.rows import Fate
from sync.store.views import VIEWS
from sync.store.views_then import view_then
from sync.store.writer import Writer

pytestmark = pytest.mark.full_on_postgres

few = settings(max_examples=settings.default.max_examples // 4)

TABLES = ("account", "milestone", "scope", "status", "work_item")
KEPT = {name: schema.metadata.tables[name] for name in TABLES}
ids = st.sampled_from(["1", "2", "3"])
words = st.sampled_from(["a", "b", "c"])


def project(id_: str, word: str) -> Scope:
    return Scope(kind=ScopeKind.PROJECT, source_id=id_, key=word.upper(), name=word)


def version(id_: str, word: str) -> Milestone:
    return Milestone(id_, MilestoneKind.VERSION, word, MilestoneState.ACTIVE, word, scope_id="1")


def status(id_: str, word: str) -> Status:
    done = StatusCategory.DONE if word == "a" else StatusCategory.TODO
    return Status(id_, word, None, done)


#: What one reading may write, by a word that makes one content differ from another.
WRITES: Mapping[str, Callable[[Writer, str, str], Any]] = {
    "item": lambda one, id_, word: one.work_items([item(id_, title=word)]),
    "history": lambda one, id_, word: one.histories(
        [History(id_, HistoryState.COMPLETE if word == "a" else HistoryState.PARTIAL, ())]
    ),
    "gone": lambda one, id_, _: one.tombstones({id_: Fate(GoneReason.DELETED.value)}),
    "account": lambda one, id_, word: one.accounts([Account(id_, name=word)]),
    "project": lambda one, id_, word: one.scopes([project(id_, word)]),
    "version": lambda one, id_, word: one.milestones([version(id_, word)]),
    "status": lambda one, id_, word: one.statuses([status(id_, word)]),
    "no statuses": lambda one, id_, _: one.listing("status", None, [id_]),
}
steps = st.lists(st.lists(st.tuples(st.sampled_from(sorted(WRITES)), ids, words), max_size=4))


def columns(name: str) -> list[str]:
    return [one.name for one in schema.PAST[name].columns if one.name != "known_to"]


def stand(store: Store, known_at: datetime | None = None) -> dict[str, list[Any]]:
    """Rows of all kept tables, as they stand or as they were known."""
    found = {}
    with store.reading() as conn:
        for name, table in KEPT.items():
            c = past.at(table, known_at).c
            rows = conn.execute(sa.select(*(c[column] for column in columns(name))))
            found[name] = sorted(map(repr, rows))
    return found


@pytest.mark.full
@few
@given(steps=steps)
def test_every_row_is_found_again_as_it_was(
    store: Store, steps: list[list[tuple[str, str, str]]]
) -> None:
    empty(store)
    connection(store)
    views = [one for one in VIEWS if one.name in ("v_work_item", "v_milestone", "v_status")]
    seen = []
    for step, writes in enumerate(steps):
        with writer(store, now=at(step)) as one:
            for what, id_, word in writes:
                WRITES[what](one, id_, word)
        seen.append((at(step), stand(store), told(store, views)))
    for when, rows, views_then in seen:
        assert stand(store, when) == rows
        assert told(store, views, when) == views_then
        with store.reading() as conn:
            for name in ("account", "status", "work_item"):
                found = past.select_ids(
                    conn, KEPT[name], tuple(columns(name)), 1, ["1", "2", "3"], when
                )
                assert sorted(map(repr, found)) == rows[name]
            whole = past.select_all(conn, KEPT["status"], tuple(columns("status")), 1, when)
            assert sorted(map(repr, whole)) == rows["status"]


def told(store: Store, views: list[Any], known_at: datetime | None = None) -> list[Any]:
    """Rows of these views, as they read now or then."""
    found = []
    with store.reading() as conn:
        for view in views:
            sql = view.sql if known_at is None else view_then(view, known_at, store.dialect)
            found.append(sorted(map(repr, conn.exec_driver_sql(sql))))
    return found


def test_a_first_load_keeps_nothing_and_asks_for_nothing(store: Store) -> None:
    with writer(store) as one:
        one.work_items([item(str(number)) for number in range(5)])
        one.scopes([project("1", "a")])
    former = [schema.PAST[name].name for name in TABLES]
    held = contents(store)
    assert all(held[name] == [] for name in former)


def test_two_writes_at_one_instant_are_one(store: Store) -> None:
    for minutes, title in ((0, "first"), (1, "never known"), (1, "second"), (2, "third")):
        with writer(store, now=at(minutes)) as one:
            one.work_items([item("1", title=title)])
    with store.reading() as conn:
        for minutes, title in ((0, "first"), (0.5, "first"), (1, "second"), (3, "third")):
            (row,) = past.select_ids(conn, schema.work_item, ("title",), 1, ["1"], at(minutes))
            assert row == (title,)
        assert past.select_ids(conn, schema.work_item, ("title",), 1, ["1"], at(-1)) == []


def test_what_is_restricted_now_was_never_free_to_read(store: Store) -> None:
    for minutes, restricted in ((0, False), (1, True)):
        with writer(store, now=at(minutes)) as one:
            one.work_items([item("1", title="Secret", restricted=restricted)])
    view = next(one for one in VIEWS if one.name == "v_work_item")
    with store.reading() as conn:
        then = past.at(schema.work_item, START).c
        assert conn.execute(sa.select(then.restricted)).scalar()
        assert past.select_ids(conn, schema.work_item, ("restricted",), 1, ["1"], START) == [(1,)]
        (row,) = conn.exec_driver_sql(view_then(view, START, store.dialect)).mappings()
    assert row["title"] == ""


def test_every_view_can_be_asked_or_says_why_not() -> None:
    store = memory_store()
    refused = set()
    with store.reading() as conn:
        for view in VIEWS:
            try:
                conn.exec_driver_sql(view_then(view, START, "sqlite")).all()
            except UsageError as error:
                refused.add((view.name, "only the present is kept" in error.what))
    store.close()
    assert refused == {
        ("v_board_item", True),
        ("v_deployment", True),
        ("v_finding", True),
        ("v_finding_answer", True),
        ("v_forecast", True),
        ("v_pipeline_run", True),
        ("v_release", True),
        ("v_store", True),
        ("v_sync_run", True),
        ("v_tree_comparison", True),
    }


def test_nothing_is_claimed_of_what_an_older_program_overwrote(store: Store) -> None:
    with store.writing() as conn:
        conn.execute(
            sa.insert(schema.store_info).values(name="rows_kept_since", value=at(10).isoformat())
        )
        past.check(conn, at(10))
        with pytest.raises(UsageError, match="not kept here any more, or never was"):
            past.check(conn, at(9))
        conn.execute(
            sa.delete(schema.store_info).where(schema.store_info.c.name == "rows_kept_since")
        )
