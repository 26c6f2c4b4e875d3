"""The small parts of the engine: order, cursors, leases, capabilities, census, spans."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from connectors.contract import Capability, Gone, GoneReason, Mode, RawRecord, StreamSpec
from connectors.simulator.clock import Clock
from mappings.vocabulary import StatusCategory
from sync.engine import capability, checkpoint
from sync.engine import lease as leases
from sync.engine.census import judge
from sync.engine.checkpoint import Key, Saved
from sync.engine.plan import in_order, parameters_hash
from sync.engine.spans import started_and_done
from sync.errors import LostLease, StoreBusy
from sync.store import schema
from sync.store.open import Store, open_store
from sync.store.rows import Fate

pytestmark = pytest.mark.full_on_postgres

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    with opened.writing() as conn:
        conn.execute(
            sa.insert(schema.connection).values(id=1, name="jira", kind="jira", first_seen_at=NOW)
        )
    yield opened
    opened.close()


# --- plan -----------------------------------------------------------------------------------


def spec(name: str, mode: Mode = Mode.SNAPSHOT, **values: object) -> StreamSpec:
    return StreamSpec(name, "project", mode, **values)  # type: ignore[arg-type]  # by keyword


def test_streams_come_after_what_they_wait_for_and_child_data_last() -> None:
    specs = [
        spec("census", Mode.CENSUS, of="issues"),
        spec("changelogs", Mode.FOLLOW_UP, of="issues"),
        spec("issues", Mode.INCREMENTAL, after=("versions", "elsewhere")),
        spec("versions"),
    ]
    assert [one.name for one in in_order(specs)] == ["versions", "issues", "census", "changelogs"]


def test_streams_that_wait_for_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="a, b"):
        in_order([spec("a", after=("b",)), spec("b", after=("a",))])


def test_another_question_has_another_cursor() -> None:
    """B26: Another stream, server or horizon begins anew."""
    assert parameters_hash("issues", "jira:a", "730d") != parameters_hash("issues", "jira:a", "all")
    assert parameters_hash("issues", "jira:a", "all") == parameters_hash("issues", "jira:a", "all")


# --- cursors --------------------------------------------------------------------------------


def test_a_cursor_survives_and_nothing_is_no_cursor(store: Store) -> None:
    key = Key(1, "project", "10001", "issues", "abc")
    with store.writing() as conn:
        assert checkpoint.load(conn, key) == Saved()
        saved = Saved({"since": 1}, {"walk": {"id": 7}}, NOW, NOW)
        checkpoint.save(conn, key, saved, NOW)
    with store.reading() as conn:
        assert checkpoint.load(conn, key) == saved
        assert checkpoint.load(conn, key).start == {"walk": {"id": 7}}
    with store.writing() as conn:
        checkpoint.save(conn, key, Saved({"since": 2}), NOW)
        found = checkpoint.load(conn, key)
    assert (found.progress, found.start) == (None, {"since": 2})


# --- leases ---------------------------------------------------------------------------------


def take(store: Store, holder: str, clock: Clock) -> leases.Lease:
    return leases.acquire(store, 1, "project", "10001", holder=holder, seconds=60, clock=clock)


def test_a_held_scope_is_refused_with_its_holder(store: Store) -> None:
    clock = Clock(NOW)
    take(store, "here pid 1 run 1 aa", clock)
    with pytest.raises(StoreBusy, match="here pid 1 run 1"):
        take(store, "there pid 2 run 2 bb", clock)


def test_an_expired_lease_is_taken_over_and_its_holder_is_fenced(store: Store) -> None:
    clock = Clock(NOW)
    first = take(store, "here pid 1 run 1 aa", clock)
    clock.advance(timedelta(seconds=61))
    second = take(store, "there pid 2 run 2 bb", clock)
    assert second.token > first.token
    with store.writing() as conn, pytest.raises(LostLease, match="pid 2"):
        first.check(conn)
    with store.writing() as conn:
        second.check(conn)


def test_a_page_prolongs_the_lease(store: Store) -> None:
    clock = Clock(NOW)
    held = take(store, "here pid 1 run 1 aa", clock)
    for _ in range(3):
        clock.advance(timedelta(seconds=50))
        with store.writing() as conn:
            held.check(conn)
    with pytest.raises(StoreBusy):
        take(store, "there pid 2 run 2 bb", clock)


def test_a_released_lease_is_free_and_a_suspended_one_comes_back(store: Store) -> None:
    clock = Clock(NOW)
    held = take(store, "here pid 1 run 1 aa", clock)
    with store.writing() as conn:
        held.release(conn)
    held.suspended = True
    with store.writing() as conn:
        held.check(conn)
    assert not held.suspended
    with pytest.raises(StoreBusy):
        take(store, "there pid 2 run 2 bb", clock)


def test_a_suspended_lease_that_another_took_is_busy(store: Store) -> None:
    clock = Clock(NOW)
    held = take(store, "here pid 1 run 1 aa", clock)
    with store.writing() as conn:
        held.release(conn)
    held.suspended = True
    take(store, "there pid 2 run 2 bb", clock)
    with store.writing() as conn, pytest.raises(StoreBusy):
        held.check(conn)


# --- capabilities ---------------------------------------------------------------------------


def test_a_capability_is_remembered_for_a_week(store: Store) -> None:
    """B64: What a licence adds later is found within a week."""
    with store.writing() as conn:
        capability.remember(conn, 1, [Capability("epoch_ms_jql", False, "asked")], NOW)
        assert capability.remembered(conn, 1, NOW + timedelta(days=6)) == {"epoch_ms_jql": False}
        assert capability.remembered(conn, 1, NOW + timedelta(days=8)) == {}
        later = NOW + timedelta(days=8)
        capability.remember(conn, 1, [Capability("epoch_ms_jql", True, "asked")], later)
        assert capability.remembered(conn, 1, later) == {"epoch_ms_jql": True}


# --- census ---------------------------------------------------------------------------------


def record(id_: str) -> RawRecord:
    return RawRecord("issues", id_, b"{}")


def test_only_a_look_makes_a_tombstone() -> None:
    answers = {
        "2": Gone("2", GoneReason.DELETED_OR_HIDDEN),
        "3": Gone("3", GoneReason.MOVED, to_scope_id="9", to_key="X-1"),
        "4": Gone("4", None, record=record("4")),
    }
    asked: list[str] = []

    def look(ids: Sequence[str]) -> list[Gone]:
        asked.extend(ids)
        return [answers[id_] for id_ in ids]

    ours = frozenset({"1", "2", "3", "4"})
    verdict = judge(frozenset({"1"}), frozenset({"1"}), ours, look)
    assert asked == ["2", "3", "4"]
    assert verdict.gone == {"2": Fate("deleted_or_hidden"), "3": Fate("moved", "X-1")}
    assert verdict.moved_to == {"3": "9"}
    assert [one.source_id for one in verdict.alive] == ["4"]
    assert (verdict.remote_count, verdict.local_count) == (2, 2)


def test_what_we_lack_is_fetched_or_told() -> None:
    answers = {
        "5": Gone("5", None, record=record("5")),
        "6": Gone("6", GoneReason.HIDDEN),
        "7": Gone("7", GoneReason.DELETED_OR_HIDDEN),
    }
    everything = frozenset({"1", "5", "6", "7"})
    verdict = judge(
        everything, everything, frozenset({"1"}), lambda ids: [answers[id_] for id_ in ids]
    )
    assert [one.source_id for one in verdict.alive] == ["5"]
    assert verdict.missing == ("6",)
    assert (verdict.remote_count, verdict.local_count) == (3, 2)


def test_older_than_the_horizon_is_neither_missing_nor_gone() -> None:
    def never(ids: Sequence[str]) -> list[Gone]:
        raise AssertionError(ids)

    verdict = judge(frozenset({"1", "old"}), frozenset({"1"}), frozenset({"1"}), never)
    assert (verdict.gone, verdict.missing, verdict.remote_count) == ({}, (), 1)


def test_what_is_held_as_gone_and_listed_again_is_looked_at_however_old_it_is() -> None:
    everything = frozenset({"1", "old"})
    verdict = judge(
        everything,
        frozenset({"1"}),
        frozenset({"1"}),
        lambda ids: [Gone(id_, None, record=record(id_)) for id_ in ids],
        frozenset({"old", "2"}),
    )
    assert [one.source_id for one in verdict.alive] == ["old"]
    assert (verdict.gone, verdict.remote_count, verdict.local_count) == ({}, 2, 2)


# --- spans ----------------------------------------------------------------------------------

CATEGORIES = {
    "1": StatusCategory.TODO,
    "2": StatusCategory.IN_PROGRESS,
    "3": StatusCategory.DONE,
}


def at(day: int) -> datetime:
    return NOW + timedelta(days=day)


def test_work_starts_once_and_is_done_at_the_last_time() -> None:
    changes = [
        (at(1), "1", "2"),
        (at(2), "2", "3"),
        (at(3), "3", "2"),
        (at(4), "2", "3"),
    ]
    assert started_and_done(changes, CATEGORIES, "done", None) == (at(1), at(4))


def test_reopened_work_is_not_done() -> None:
    """B99: A visit to done is no completion."""
    changes = [(at(1), "1", "3"), (at(2), "3", "1")]
    assert started_and_done(changes, CATEGORIES, "todo", at(1)) == (None, None)


def test_without_events_the_resolution_tells() -> None:
    """B85: An imported issue was not done on the day it was made."""
    assert started_and_done([], CATEGORIES, "done", at(5)) == (None, at(5))
    assert started_and_done([(at(1), "8", "9")], CATEGORIES, "done", at(5)) == (None, at(5))
