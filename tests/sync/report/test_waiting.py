"""Mails that wait for a person, what a person said, and what moved over several reconciliations."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from support import reconciliations as given_

from sync.errors import UsageError
from sync.reconcile.flaps import FLAPS
from sync.reconcile.since import since
from sync.report import approval, outbox, waiting
from sync.report.build import build
from sync.report.note import Note, note
from sync.store import schema
from sync.store.open import Store, open_store

pytestmark = pytest.mark.full_on_postgres

NOW = given_.AT
LEAD = "lead@example.net"
DAY = timedelta(days=1)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Four reconciliations, a day apart; the mapping is another one from the third on."""
    opened = open_store(store_url)
    with opened.writing() as conn:
        for number in range(1, 5):
            conn.execute(
                sa.insert(schema.reconcile_run).values(
                    id=number,
                    at=NOW + number * DAY,
                    as_of=NOW + number * DAY,
                    config_hash="c",
                    mapping_version="old" if number < 3 else "new",
                    program_version="v",
                    coverage={},
                )
            )
    yield opened
    opened.close()


def hold(store: Store, run_id: int, at: Any = NOW) -> int:
    data = build(replace(given_.busy(), run_id=run_id))
    kept = outbox.store_report(store, data, now=at)
    waiting.hold(store, kept.id, LEAD, f"<{run_id}@x>", now=at)
    return kept.id


def states(store: Store) -> list[str]:
    c = schema.outbox.c
    with store.reading() as conn:
        return list(conn.execute(sa.select(c.state).order_by(c.id)).scalars())


def test_a_newer_report_takes_the_place_of_one_that_waits(store: Store) -> None:
    hold(store, 1)
    second = hold(store, 2)
    assert hold(store, 2) == second
    assert states(store) == ["superseded", "waiting"]
    (one,) = waiting.waiting(store)
    assert (one.report_id, one.run_id, one.recipient) == (second, 2, LEAD)
    assert one.data == build(replace(given_.busy(), run_id=2))


def test_a_mail_that_waits_was_handed_over_and_is_no_knowledge(store: Store) -> None:
    hold(store, 1, NOW)
    assert outbox.last_mailed_at(store, recipient=LEAD) == NOW
    assert outbox.last_mailed_at(store, recipient=LEAD, before_run=1) is None
    assert outbox.last_mailed_at(store, recipient="nobody@example.net") is None
    assert outbox.last_mailed(store, recipient=LEAD) is None


def test_the_days_of_the_owner_alone_begin_with_the_first_report(store: Store) -> None:
    def gate(at: Any, *, configured: bool = False) -> approval.Gate:
        return approval.gate(store, now=at, only_owner_days=14, configured=configured)

    assert gate(NOW, configured=True).owner_alone(NOW)
    hold(store, 1, NOW)
    for days, alone in ((13, True), (14, False)):
        at = NOW + days * DAY
        assert gate(at).owner_alone(at) is alone
        assert gate(at).opens(at) is False
        assert gate(at, configured=True).opens(at) is not alone


def test_the_newest_word_of_a_person_counts_before_the_configuration(store: Store) -> None:
    def standing(configured: bool) -> bool:
        return approval.gate(store, now=NOW, only_owner_days=0, configured=configured).standing

    assert standing(True)
    assert not standing(False)
    approval.approve(store, now=NOW, author="Ada", standing=True)
    assert standing(False)
    approval.approve(store, now=NOW, author="Ada", standing=False)
    assert not standing(True)
    # A word about one report says nothing of later ones.
    approval.approve(store, now=NOW, author="Ada", run_id=1)
    assert not standing(True)


def test_the_newest_note_beside_a_report_counts(store: Store) -> None:
    for text in ("first", None, "second"):
        approval.approve(store, now=NOW, author="Ada", note=text, run_id=1)
    assert approval.note_of(store, 1) == Note("second", "Ada", NOW)
    assert approval.note_of(store, 2) is None


def test_a_note_is_one_safe_line() -> None:
    said = note("Sales\r\nBcc: x\x1b[31m \u202eevil", "Ada\nWinter", NOW)
    assert said == Note("Sales Bcc: x [31m evil", "Ada Winter", NOW)
    for wrong in ("", " \u200b ", "x" * 601):
        with pytest.raises(UsageError):
            note(wrong, "Ada", NOW)


def step(store: Store, fingerprint: str, run: int, to_state: str, reason: str | None) -> None:
    with store.writing() as conn:
        t = schema.finding
        known = conn.execute(
            sa.select(t.c.fingerprint).where(t.c.fingerprint == fingerprint)
        ).scalar()
        at = NOW + run * DAY
        over = at if to_state == "resolved" else None
        if known is None:
            conn.execute(
                sa.insert(t).values(
                    fingerprint=fingerprint,
                    detector="plan.overdue",
                    subject="version:1",
                    severity="medium",
                    state=to_state,
                    channel="mailed",
                    magnitude=1.0,
                    title=fingerprint,
                    words={
                        **dict.fromkeys(("what", "so_what", "who", "by_when", "remedy"), ""),
                        "subject_label": "R",
                    },
                    evidence=[],
                    evidence_hash="",
                    first_seen_at=at,
                    last_seen_at=at,
                    resolved_at=over,
                )
            )
        else:
            conn.execute(
                sa.update(t)
                .where(t.c.fingerprint == fingerprint)
                .values(state=to_state, resolved_at=over)
            )
        conn.execute(
            sa.insert(schema.finding_event).values(
                fingerprint=fingerprint,
                reconcile_run_id=run,
                at=at,
                to_state=to_state,
                severity="medium",
                reason=reason,
            )
        )


def test_over_several_reconciliations_ours_is_told_from_the_worlds(store: Store) -> None:
    for name, run, to_state, reason in (
        ("ended", 1, "new", None),
        ("ended", 2, "resolved", None),
        ("mapped-away", 1, "new", None),
        ("mapped-away", 3, "resolved", "restated"),
        ("mapped-in", 3, "already_there", "restated"),
        ("both", 3, "already_there", "restated"),
        ("both", 4, "worsened", None),
        ("again", 2, "resolved", None),
        ("again", 4, "regressed", None),
        ("unseen", 2, "not_checked", "the source was not read"),
        ("later", 4, "new", None),
        ("flaps", 2, "ongoing", FLAPS),
        ("flaps", 3, "resolved", FLAPS),
    ):
        step(store, name, run, to_state, reason)
    result = given_.reconciliation(run_id=3)
    story = since(store, result, 1)
    assert story is not None
    assert [one.fingerprint for one in story.resolved] == ["ended"]
    assert story.silent == {"mapped-away", "mapped-in", "both"}
    assert story.restated == ("the mapping changed",)
    # A day on, the world has moved one of them, and nothing is restated a second time.
    story = since(store, replace(result, run_id=4), 1)
    assert story is not None
    assert story.silent == {"mapped-away", "mapped-in"}
    story = since(store, replace(result, run_id=4), 3)
    assert story is not None
    assert (story.silent, story.restated) == (frozenset(), ())


def test_without_the_earlier_one_nothing_is_told(store: Store) -> None:
    assert since(store, given_.reconciliation(run_id=3), 99) is None
    assert since(store, given_.reconciliation(run_id=99), 1) is None
