"""Pruning takes what is over, and nothing that a judgement rests on."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from support.store import START, at, contents, item, rows, writer

from sync.errors import UsageError
from sync.store import past, prune, schema
from sync.store.open import Store
from sync.store.prune import Horizons

DAY = timedelta(days=1)


def run(
    store: Store, day: int, *, outcome: str = "complete", window_from: int | None = None
) -> int:
    """A run on that day that read one stream; its number."""
    when = START + day * DAY
    with store.writing() as conn:
        number = conn.execute(
            sa.insert(schema.sync_run)
            .values(
                started_at=when, finished_at=when, outcome=outcome, program_version="1", requests=1
            )
            .returning(schema.sync_run.c.id)
        ).scalar_one()
        conn.execute(
            sa.insert(schema.sync_step).values(
                run_id=number,
                connection_id=1,
                scope_kind="project",
                scope_id="10000",
                stream="issues",
                mode="incremental",
                started_at=when,
                finished_at=when,
                fresh_at=when,
                outcome=outcome,
                window_from=None if window_from is None else START + window_from * DAY,
                requests=1,
                pages=1,
                records=1,
                rows_written=1,
                unreadable=0,
                history_gaps=0,
            )
        )
    return int(number)


def test_former_rows_go_and_earlier_days_are_refused(store: Store) -> None:
    with writer(store) as made:
        made.work_items([item("1", title="first")])
    for n, title in ((1, "second"), (40, "third")):
        with writer(store, now=START + n * DAY) as made:
            made.work_items([item("1", title=title, updated_at=START + n * DAY)])
    horizon = START + 10 * DAY
    dry = prune.prune(store, Horizons(former=horizon), dry_run=True)
    assert dry["work_item_past"] == 1
    assert [row[0] for row in rows(store, schema.PAST["work_item"], "title")] == ["first", "second"]
    assert prune.prune(store, Horizons(former=horizon)) == dry
    assert [row[0] for row in rows(store, schema.PAST["work_item"], "title")] == ["second"]
    with store.reading() as conn:
        past.check(conn, horizon)
        with pytest.raises(UsageError, match="is not kept here any more"):
            past.check(conn, horizon - DAY)
        then = past.at(schema.work_item, START + 20 * DAY)
        assert conn.execute(sa.select(then.c.title)).scalars().all() == ["second"]
    assert sum(prune.prune(store, Horizons(former=horizon)).values()) == 0
    # An earlier horizon brings nothing back and claims nothing.
    prune.prune(store, Horizons(former=START))
    with store.reading() as conn, pytest.raises(UsageError):
        past.check(conn, horizon - DAY)


def test_many_former_rows_go_in_small_steps(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "AT_ONCE", 3)
    for n in range(2):
        with writer(store, now=START + n * DAY) as made:
            made.work_items(
                [item(str(i), title=f"{n}", updated_at=START + n * DAY) for i in range(10)]
            )
    assert prune.prune(store, Horizons(former=START + 9 * DAY))["work_item_past"] == 10
    assert len(rows(store, schema.work_item)) == 10


def test_runs_go_but_for_those_that_prove_something(store: Store) -> None:
    first = run(store, 0, window_from=-30)
    widest = run(store, 1, window_from=-90)
    gone = run(store, 2, window_from=1)
    whole = run(store, 3)
    also_gone = run(store, 4, outcome="partial", window_from=3)
    last_whole = run(store, 5, window_from=4)
    newest = run(store, 6, outcome="failed")
    everything = Horizons(runs=START + 100 * DAY)
    assert prune.prune(store, everything, dry_run=True) == {"sync_step": 2, "sync_run": 2}
    assert prune.prune(store, everything) == {"sync_step": 2, "sync_run": 2}
    left = [row[0] for row in rows(store, schema.sync_run, "id")]
    assert left == [first, widest, whole, last_whole, newest]
    assert {gone, also_gone}.isdisjoint(row[0] for row in rows(store, schema.sync_step, "run_id"))


def test_a_run_that_goes_on_and_one_that_is_young_stay(store: Store) -> None:
    numbers = [run(store, day, window_from=day) for day in range(5)]
    with store.writing() as conn:
        conn.execute(
            sa.update(schema.sync_run)
            .where(schema.sync_run.c.id == numbers[1])
            .values(finished_at=None, outcome="running")
        )
    prune.prune(store, Horizons(runs=START + 2.5 * DAY))
    left = [row[0] for row in rows(store, schema.sync_run, "id")]
    # The third goes; the first reached back farthest, the second goes on, two are young.
    assert left == [numbers[0], numbers[1], numbers[3], numbers[4]]


def report(store: Store, when: datetime, state: str) -> int:
    with store.writing() as conn:
        judged = conn.execute(
            sa.insert(schema.reconcile_run)
            .values(
                at=when,
                as_of=when,
                config_hash="",
                mapping_version="",
                program_version="",
                coverage={},
            )
            .returning(schema.reconcile_run.c.id)
        ).scalar_one()
        number = conn.execute(
            sa.insert(schema.report)
            .values(reconcile_run_id=judged, created_at=when, period_to=when, digest="", payload={})
            .returning(schema.report.c.id)
        ).scalar_one()
        conn.execute(
            sa.insert(schema.outbox).values(
                report_id=number,
                recipient="tpm@example.net",
                message_id=f"<{number}@example.net>",
                state=state,
                attempts=1,
                created_at=when,
            )
        )
    return int(number)


def test_reports_go_but_for_the_first_the_newest_and_what_still_waits(store: Store) -> None:
    states = ("sent", "sent", "pending", "waiting", "refused", "superseded", "draft")
    numbers = [report(store, at(n), state) for n, state in enumerate(states)]
    done = prune.prune(store, Horizons(reports=at(100)))
    assert done == {"outbox": 3, "report": 3}
    kept = [numbers[place] for place in (0, 2, 3, 6)]
    assert [row[0] for row in rows(store, schema.report, "id")] == kept


def test_nothing_asked_for_is_nothing_done(store: Store) -> None:
    run(store, 0)
    before = contents(store)
    assert prune.prune(store, Horizons()) == {}
    assert contents(store) == before
