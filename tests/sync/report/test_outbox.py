"""Send once, per report and recipient, whatever happens in between."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from support import reconciliations as given_
from support.mail_server import Handler, Running, mail_server

from sync.errors import DeliveryError
from sync.report import outbox
from sync.report.build import build
from sync.report.data import ReportData
from sync.report.mail import compose
from sync.report.smtp import Smtp
from sync.store import schema
from sync.store.open import Store, open_store

pytestmark = pytest.mark.full_on_postgres

NOW = given_.AT
BOSS, PEER = "boss@example.com", "peer@example.com"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    with opened.writing() as conn:
        for run_id in (7, 8):
            conn.execute(
                sa.insert(schema.reconcile_run).values(
                    id=run_id,
                    at=NOW,
                    as_of=NOW,
                    config_hash="c",
                    mapping_version="m",
                    program_version="v",
                    coverage={},
                )
            )
    yield opened
    opened.close()


@pytest.fixture
def server() -> Iterator[Running]:
    with mail_server(Handler()) as running:
        yield running


def report() -> ReportData:
    return build(given_.busy(), for_owner=True)


def mails(*recipients: str) -> dict[str, Any]:
    return {one: compose(report(), sender="tpm@example.com", recipient=one) for one in recipients}


def smtp(server: Running) -> Smtp:
    return Smtp(server.host, server.port, "plain", timeout=10)


def rows(store: Store) -> list[tuple[Any, ...]]:
    c = schema.outbox.c
    with store.reading() as conn:
        found = conn.execute(
            sa.select(c.recipient, c.state, c.attempts, c.last_error, c.sent_at).order_by(
                c.recipient
            )
        )
        return [tuple(row) for row in found]


def test_a_report_is_kept_once(store: Store) -> None:
    first = outbox.store_report(store, report(), now=NOW)
    again = outbox.store_report(store, report(), now=NOW + timedelta(hours=1))
    other = outbox.store_report(store, build(given_.busy(), audience="executive"), now=NOW)
    assert first == again
    assert other.id != first.id
    with store.reading() as conn:
        payload = conn.execute(
            sa.select(schema.report.c.payload).where(schema.report.c.id == first.id)
        ).scalar_one()
    assert payload["subject"] == report().subject


def test_each_recipient_gets_it_once(store: Store, server: Running) -> None:
    kept = outbox.store_report(store, report(), now=NOW)
    first = outbox.send(store, kept.id, mails(BOSS, PEER), smtp(server), now=NOW)
    again = outbox.send(store, kept.id, mails(BOSS, PEER), smtp(server), now=NOW)

    assert [(one.recipient, one.state) for one in first] == [(BOSS, "sent"), (PEER, "sent")]
    assert [one.state for one in again] == ["already_sent", "already_sent"]
    assert len(server.handler.envelopes) == 2
    assert rows(store) == [(BOSS, "sent", 1, None, NOW), (PEER, "sent", 1, None, NOW)]
    outbox.raise_for(again)


def test_a_refusal_stops_nobody_else_and_is_tried_again(store: Store, server: Running) -> None:
    server.handler.answers = {BOSS: "450 mailbox busy"}
    kept = outbox.store_report(store, report(), now=NOW)
    first = outbox.send(store, kept.id, mails(BOSS, PEER), smtp(server), now=NOW)

    assert [(one.state, one.error, one.retryable) for one in first] == [
        ("deferred", "450 mailbox busy", True),
        ("sent", None, False),
    ]
    with pytest.raises(DeliveryError, match=r"boss@example\.com: 450 mailbox busy") as caught:
        outbox.raise_for(first)
    assert caught.value.exit_code == 5
    assert "again later" in caught.value.todo

    server.handler.answers = {}
    second = outbox.send(store, kept.id, mails(BOSS, PEER), smtp(server), now=NOW)
    assert [one.state for one in second] == ["sent", "already_sent"]
    assert rows(store)[0] == (BOSS, "sent", 2, None, NOW)


def test_a_retry_is_the_same_mail(store: Store, server: Running) -> None:
    server.handler.data_answer = "451 later"
    kept = outbox.store_report(store, report(), now=NOW)
    first = outbox.send(store, kept.id, mails(BOSS), smtp(server), now=NOW)
    assert (first[0].state, first[0].retryable) == ("deferred", True)

    server.handler.data_answer = "250 OK"
    changed = mails(BOSS)
    del changed[BOSS]["Message-ID"]
    changed[BOSS]["Message-ID"] = "<other@example.com>"
    second = outbox.send(store, kept.id, changed, smtp(server), now=NOW)

    assert second[0].message_id == first[0].message_id
    assert server.handler.messages[0]["Message-ID"] == first[0].message_id
    assert len(server.handler.messages[0].get_all("Message-ID", [])) == 1


def test_a_permanent_refusal_says_to_correct_something(store: Store, server: Running) -> None:
    server.handler.answers = {BOSS: "550 no such user"}
    kept = outbox.store_report(store, report(), now=NOW)
    results = outbox.send(store, kept.id, mails(BOSS), smtp(server), now=NOW)
    with pytest.raises(DeliveryError) as caught:
        outbox.raise_for(results)
    assert caught.value.todo.startswith("Correct the address")


def test_the_row_is_there_before_the_mail_leaves(
    store: Store, server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def look(*_args: object, **_more: object) -> None:
        seen.extend(rows(store))
        raise KeyboardInterrupt

    monkeypatch.setattr(outbox, "deliver", look)
    kept = outbox.store_report(store, report(), now=NOW)
    with pytest.raises(KeyboardInterrupt):
        outbox.send(store, kept.id, mails(BOSS), smtp(server), now=NOW)
    assert [row[:3] for row in seen] == [(BOSS, "pending", 1)]
    assert rows(store)[0][:4] == (BOSS, "failed", 1, "interrupted")


def test_a_mail_in_flight_elsewhere_is_left_alone_for_a_while(
    store: Store, server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = outbox.store_report(store, report(), now=NOW)
    with monkeypatch.context() as patch:
        # A process that is killed while the server has the mail.
        patch.setattr(outbox, "_finish", lambda *_: None)
        outbox.send(store, kept.id, mails(BOSS), smtp(server), now=NOW)

    soon = outbox.send(store, kept.id, mails(BOSS), smtp(server), now=NOW + timedelta(minutes=14))
    assert (soon[0].state, soon[0].retryable) == ("busy", True)
    assert outbox.resend(store, smtp(server), now=NOW + timedelta(minutes=14)) == ()
    later = outbox.resend(store, smtp(server), now=NOW + timedelta(minutes=15))
    assert later[0].state == "sent"
    ids = {message["Message-ID"] for message in server.handler.messages}
    assert len(ids) == 1


def test_a_draft_is_noted_and_never_undoes_a_sent_mail(store: Store, server: Running) -> None:
    kept = outbox.store_report(store, report(), now=NOW)
    draft = outbox.record_draft(store, kept.id, BOSS, mails(BOSS)[BOSS], now=NOW)
    assert draft.state == "draft"
    assert rows(store) == [(BOSS, "draft", 0, None, NOW)]

    outbox.send(store, kept.id, mails(BOSS), smtp(server), now=NOW)
    again = outbox.record_draft(store, kept.id, BOSS, mails(BOSS)[BOSS], now=NOW)
    assert again.state == "already_sent"
    assert rows(store)[0][:2] == (BOSS, "sent")


def test_the_next_report_knows_what_the_last_mail_said(store: Store, server: Running) -> None:
    assert outbox.last_mailed(store) is None
    assert outbox.last_mailed_at(store) is None
    kept = outbox.store_report(store, report(), now=NOW)
    assert outbox.last_mailed(store) is None

    outbox.send(store, kept.id, mails(BOSS), smtp(server), now=NOW)
    previous = outbox.last_mailed(store)
    assert previous is not None
    assert previous.at == NOW
    assert set(previous.findings) == {"fp-late", "fp-moved", "fp-worse", "fp-old", "fp-digest"}
    assert outbox.last_mailed_at(store) == NOW
    assert outbox.last_mailed(store, before_run=7) is None
    assert outbox.last_mailed(store, before_run=8) == previous

    data = build(given_.busy(), previous=previous)
    assert (data.changes.new, data.changes.worse) == (0, 0)


def kept_bytes(store: Store) -> list[bytes | None]:
    with store.reading() as conn:
        return list(conn.execute(sa.select(schema.outbox.c.raw)).scalars())


def test_the_next_run_hands_over_the_very_same_mail(store: Store, server: Running) -> None:
    server.handler.hang_up = True
    kept = outbox.store_report(store, report(), now=NOW)
    first = outbox.send(store, kept.id, mails(BOSS), smtp(server), now=NOW)
    assert first[0].state == "deferred"
    (waiting,) = kept_bytes(store)

    server.handler.hang_up = False
    (again,) = outbox.resend(store, smtp(server), now=NOW + timedelta(days=1))

    assert (again.state, again.message_id) == ("sent", first[0].message_id)
    assert server.handler.envelopes[0].content == waiting
    assert server.handler.envelopes[0].mail_from == "tpm@example.com"
    assert kept_bytes(store) == [None]
    assert outbox.resend(store, smtp(server), now=NOW + timedelta(days=2)) == ()


def test_one_of_two_waits_and_only_that_one_is_sent_again(store: Store, server: Running) -> None:
    server.handler.answers = {BOSS: "450 mailbox busy"}
    kept = outbox.store_report(store, report(), now=NOW)
    outbox.send(store, kept.id, mails(BOSS, PEER), smtp(server), now=NOW)

    server.handler.answers = {}
    again = outbox.resend(store, smtp(server), now=NOW + timedelta(hours=1))
    assert [(one.recipient, one.state) for one in again] == [(BOSS, "sent")]
    assert [one.rcpt_tos for one in server.handler.envelopes] == [[PEER], [BOSS]]


@pytest.mark.parametrize("stage", ["recipient", "mail"])
def test_what_is_refused_for_good_is_told_once_and_asked_again_only_by_a_person(
    store: Store, server: Running, stage: str
) -> None:
    if stage == "recipient":
        server.handler.answers = {BOSS: "550 no such user"}
    else:
        server.handler.data_answer = "554 looks like spam"
    kept = outbox.store_report(store, report(), now=NOW)
    first = outbox.send(store, kept.id, mails(BOSS), smtp(server), now=NOW)

    assert (first[0].state, first[0].retryable) == ("refused", False)
    assert outbox.resend(store, smtp(server), now=NOW + timedelta(days=1)) == ()
    assert outbox.refuses(store, BOSS)
    # Not a new mail every day either.
    assert outbox.last_mailed_at(store) == NOW
    assert outbox.last_mailed(store) is None

    server.handler.answers, server.handler.data_answer = {}, "250 OK"
    by_hand = outbox.send(store, kept.id, mails(BOSS), smtp(server), now=NOW + timedelta(days=1))
    assert (by_hand[0].state, by_hand[0].message_id) == ("sent", first[0].message_id)
    assert not outbox.refuses(store, BOSS)


def test_what_never_gets_through_is_given_up_and_said_once(store: Store, server: Running) -> None:
    server.handler.data_answer = "451 later"
    kept = outbox.store_report(store, report(), now=NOW)
    outbox.send(store, kept.id, mails(BOSS), smtp(server), now=NOW)

    last = outbox.resend(store, smtp(server), now=NOW + outbox.GIVE_UP)
    assert last[0].state == "deferred"
    (given_up,) = outbox.resend(store, smtp(server), now=NOW + outbox.GIVE_UP + timedelta(hours=1))
    assert (given_up.state, given_up.retryable) == ("given_up", False)
    assert "not delivered in 5 days, given up" in str(given_up.error)
    assert "451 later" in str(given_up.error)
    assert kept_bytes(store) == [None]
    assert outbox.resend(store, smtp(server), now=NOW + timedelta(days=9)) == ()


def test_a_newer_report_takes_the_place_of_one_that_nobody_got(
    store: Store, server: Running
) -> None:
    server.handler.data_answer = "451 later"
    old = outbox.store_report(store, report(), now=NOW)
    outbox.send(store, old.id, mails(BOSS), smtp(server), now=NOW)

    server.handler.data_answer = "250 OK"
    newer = outbox.store_report(store, build(given_.busy(), audience="executive"), now=NOW)
    outbox.send(store, newer.id, mails(BOSS), smtp(server), now=NOW)
    assert [row[1] for row in rows(store)] == ["superseded", "sent"]
    assert outbox.resend(store, smtp(server), now=NOW + timedelta(hours=1)) == ()


def test_what_one_missed_is_not_lost_because_another_got_it(store: Store, server: Running) -> None:
    server.handler.answers = {BOSS: "450 mailbox busy"}
    old = outbox.store_report(store, report(), now=NOW)
    outbox.send(store, old.id, mails(BOSS, PEER), smtp(server), now=NOW)

    server.handler.answers = {}
    newer = outbox.store_report(store, build(given_.busy(), audience="executive"), now=NOW)
    outbox.send(store, newer.id, mails(BOSS, PEER), smtp(server), now=NOW)
    (again,) = outbox.resend(store, smtp(server), now=NOW)
    assert (again.recipient, again.state) == (BOSS, "sent")


def test_a_corrected_setting_counts_on_the_next_run(store: Store, server: Running) -> None:
    kept = outbox.store_report(store, report(), now=NOW)
    wrong = Smtp(server.host, server.port, "starttls", timeout=10)
    first = outbox.send(store, kept.id, mails(BOSS), wrong, now=NOW)
    assert (first[0].state, first[0].retryable) == ("failed", False)
    assert outbox.last_mailed_at(store) is None
    (again,) = outbox.resend(store, smtp(server), now=NOW + timedelta(days=1))
    assert again.state == "sent"


def test_the_newest_mail_to_each_is_told_with_what_went_wrong(
    store: Store, server: Running
) -> None:
    assert outbox.last_mails(store) == ()
    server.handler.answers = {BOSS: "450 mailbox busy"}
    kept = outbox.store_report(store, report(), now=NOW)
    outbox.send(store, kept.id, mails(BOSS, PEER), smtp(server), now=NOW)
    assert outbox.last_mails(store) == (
        outbox.LastMail(BOSS, "deferred", NOW, 1, "450 mailbox busy"),
        outbox.LastMail(PEER, "sent", NOW, 1, None),
    )
