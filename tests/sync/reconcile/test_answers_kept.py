"""Answers in the store, on both databases."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from support import cases
from support.cases import At

from sync.reconcile import answers, answers_kept, findings
from sync.reconcile.answering import Given, answer, withdraw
from sync.reconcile.contract import (
    Answer,
    AnswerEnd,
    AnswerKind,
    Policy,
    Reconciliation,
    Severity,
    Suppression,
)
from sync.reconcile.runner import reconcile
from sync.report import mailto
from sync.store import schema
from sync.store.open import Store, open_store

pytestmark = pytest.mark.full_on_postgres

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
DAY = timedelta(days=1)
POLICY = Policy(program="Apollo", judge=("APO:R1",), config_hash="c1", program_version="1")
ONE = Answer(
    "f1",
    "plan.overdue",
    AnswerKind.ACCEPT,
    "ada",
    NOW,
    Severity.HIGH,
    2.5,
    reason="the vendor",
    until=date(2026, 4, 1),
    until_worse=True,
    ticket="APO-1",
    source="mail",
    entry="<1@example.com>",
)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    made = open_store(store_url)
    yield made
    made.close()


def test_an_answer_comes_back_as_it_was_given(store: Store) -> None:
    with store.writing() as conn:
        answers_kept.insert(conn, [ONE])
    with store.reading() as conn:
        (held,) = answers_kept.load(conn)
        assert answers_kept.load(conn, "other") == ()
    assert replace(held, id=0) == ONE
    assert held.id > 0


def test_another_answer_replaces_the_first_and_agreement_replaces_none(store: Store) -> None:
    with store.writing() as conn:
        answers_kept.insert(conn, [ONE])
        answers_kept.insert(conn, [replace(ONE, kind=AnswerKind.AGREE, at=NOW + DAY)])
        answers_kept.insert(conn, [replace(ONE, kind=AnswerKind.SNOOZE, at=NOW + 2 * DAY)])
        answers_kept.insert(conn, [replace(ONE, fingerprint="f2")])
    with store.reading() as conn:
        given = answers_kept.load(conn)
    ends = {(one.fingerprint, one.kind): one.end for one in given}
    assert ends == {
        ("f1", AnswerKind.ACCEPT): AnswerEnd.REPLACED,
        ("f1", AnswerKind.AGREE): None,
        ("f1", AnswerKind.SNOOZE): None,
        ("f2", AnswerKind.ACCEPT): None,
    }
    assert answers.in_force(given, NOW + DAY)["f1"].kind is AnswerKind.ACCEPT
    assert answers.in_force(given, NOW + 2 * DAY)["f1"].kind is AnswerKind.SNOOZE


def test_an_end_is_written_once(store: Store) -> None:
    with store.writing() as conn:
        answers_kept.insert(conn, [ONE])
        held = answers_kept.load(conn)
        ended = answers_kept.end(conn, held, NOW + DAY, AnswerEnd.LAPSED, "its time ended")
        again = answers_kept.end(conn, held, NOW + 2 * DAY, AnswerEnd.WITHDRAWN, "no", "bo")
    assert (ended, again) == (1, 0)
    with store.reading() as conn:
        (one,) = answers_kept.load(conn)
    assert (one.ended_at, one.end, one.ended_by) == (NOW + DAY, AnswerEnd.LAPSED, None)


def test_the_view_shows_every_answer(store: Store) -> None:
    with store.writing() as conn:
        answers_kept.insert(conn, [ONE])
    with store.reading() as conn:
        (row,) = conn.execute(sa.text("SELECT * FROM v_finding_answer")).mappings()
    assert (row["kind"], row["author"], row["ticket"]) == ("accept", "ada", "APO-1")


def test_the_key_is_made_once(store: Store) -> None:
    assert mailto.key_of(store, NOW) == mailto.key_of(store, NOW + DAY)


def test_a_life_with_answers_tickets_and_the_file(store: Store) -> None:
    world = {
        "now": NOW,
        "milestones": [{"id": "v1", "name": "R1", "due": NOW.date()}],
        "items": [
            {"id": 1, "in": ["v1"], "status": "in_progress", "assignee": ""},
            {"id": 2, "in": ["v1"], "status": "done"},
        ],
    }
    with store.writing() as conn:
        cases.fill(conn, world)

    def run(days: float, policy: Policy = POLICY) -> Reconciliation:
        now = NOW + days * DAY
        s = schema.sync_step
        with store.writing() as conn:
            conn.execute(sa.update(s).values(fresh_at=now, finished_at=now))
        return reconcile(store, policy, clock=At(now))

    def assign(to: str | None) -> None:
        w = schema.work_item
        with store.writing() as conn:
            conn.execute(sa.update(w).where(w.c.source_id == "1").values(assignee_id=to))

    def gap(result: Reconciliation) -> Answer | None:
        (found,) = [one for one in result.findings if one.detector == "data.plan-gap"]
        return found.answer

    first = run(0)
    (found,) = [one for one in first.findings if one.detector == "data.plan-gap"]
    given = Given(AnswerKind.ACCEPT, "ada", "known", ticket="APO-1")
    answer(store, [found.fingerprint[:6]], given, now=NOW + DAY / 2, time_zone="UTC")
    held = gap(run(1))
    assert held is not None
    assert (held.kind, held.note) == (AnswerKind.ACCEPT, None)
    withdraw(store, [found.fingerprint], author="ada", reason=None, now=NOW + 1.5 * DAY)
    assert gap(run(2)) is None
    given = replace(given, ticket="APO-2")
    answer(store, [found.fingerprint], given, now=NOW + 2.5 * DAY, time_zone="UTC")
    closed = run(3)
    assert gap(closed) is None
    assert [one.ended_reason for one in closed.ended_answers] == ["APO-2 is closed"]
    entry = Suppression(
        AnswerKind.ACCEPT,
        "on paper",
        "bo",
        (NOW + 30 * DAY).date(),
        detector="data.plan-gap",
        subject="APO",
        where="s.toml:1",
    )
    from_file = gap(run(4, replace(POLICY, suppressions=(entry,))))
    assert from_file is not None
    assert (from_file.author, from_file.source) == ("bo", "file")
    assert gap(run(5)) is None
    assign("u1")
    run(6)
    assign(None)
    run(7)
    with store.reading() as conn:
        moved = findings.flips(conn, NOW + 9 * DAY)[found.fingerprint]
    assert moved == [NOW + 6 * DAY, NOW + 7 * DAY]
