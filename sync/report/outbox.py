"""Send once: a row per report and recipient is written before a mail leaves, and after.

What did not leave keeps its bytes in that row, so that a later run hands over the very same mail.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from typing import cast

import sqlalchemy as sa

from sync.errors import ConfigError, DeliveryError
from sync.report import folding, json_, waiting
from sync.report.changes import Previous, previous_from_payload
from sync.report.data import ReportData
from sync.report.smtp import Smtp, SmtpError, deliver, wire
from sync.store import schema
from sync.store.open import Store

#: A mail in flight is left alone by another process for this long.
IN_FLIGHT = timedelta(minutes=15)
#: After this long a mail that did not leave is old news and is no longer tried.
GIVE_UP = timedelta(days=5)
_FLYING = "in flight since "
#: Not delivered, and worth another try: the server asked to wait or the outcome is unknown
#: (deferred), a setting stood in the way (failed), or the process died (pending).
_UNDONE = ("deferred", "failed", "pending")


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report as the store keeps it."""

    id: int
    #: sha256 of its JSON, hexadecimal.
    digest: str


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one recipient."""

    recipient: str
    #: sent, already_sent, busy, deferred, refused, failed, given_up, draft.
    state: str
    message_id: str
    #: why not; None when it was sent.
    error: str | None = None
    #: whether a later try may help.
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class LastMail:
    """The newest mail to one recipient."""

    recipient: str
    #: as in the outbox: sent, deferred, refused, failed, given_up, draft, waiting, pending.
    state: str
    #: when it left or was written; else when it was made (UTC).
    at: datetime
    attempts: int
    #: why it did not leave; None where nothing went wrong.
    error: str | None


def store_report(store: Store, data: ReportData, *, now: datetime) -> StoredReport:
    """Keep the report; the same one of the same reconciliation is kept once.

    `data` should be the owner's view: it tells the next report what was known.
    """
    digest = json_.digest(data)
    table = schema.report
    with store.writing() as conn:
        known = conn.execute(
            sa.select(table.c.id).where(
                table.c.reconcile_run_id == data.run_id, table.c.digest == digest
            )
        ).scalar()
        if known is None:
            known = conn.execute(
                sa.insert(table)
                .values(
                    reconcile_run_id=data.run_id,
                    created_at=now,
                    period_from=data.previous_at,
                    period_to=data.as_of,
                    digest=digest,
                    payload=json_.document(data),
                )
                .returning(table.c.id)
            ).scalar_one()
    return StoredReport(int(known), digest)


def last_mailed(
    store: Store, *, before_run: int | None = None, recipient: str | None = None
) -> Previous | None:
    """The newest report that somebody got, sent or as a draft; None if there is none.

    `before_run` leaves out reports of that reconciliation, so that a repeated report stays equal.
    `recipient`: the newest that this one got.
    """
    report, outbox = schema.report, schema.outbox
    query = (
        sa.select(report.c.payload)
        .where(
            sa.exists().where(
                outbox.c.report_id == report.c.id, outbox.c.state.in_(("sent", "draft"))
            )
        )
        .order_by(report.c.id.desc())
        .limit(1)
    )
    if before_run is not None:
        query = query.where(report.c.reconcile_run_id < before_run)
    if recipient is not None:
        query = query.where(
            sa.exists().where(
                outbox.c.report_id == report.c.id,
                outbox.c.state.in_(("sent", "draft")),
                outbox.c.recipient == recipient,
            )
        )
    with store.reading() as conn:
        payload = conn.execute(query).scalar()
    return previous_from_payload(payload) if payload is not None else None


def last_mailed_at(
    store: Store, *, before_run: int | None = None, recipient: str | None = None
) -> datetime | None:
    """When the last mail was done with (UTC): it left, was written as a draft, or was refused.

    A server that refuses for good (5xx) is not asked again every day. A mail that waits for
    approval was handed over, too, where a `recipient` is asked for.
    """
    if recipient is not None:
        return waiting.last_handed_over(store, recipient, before_run)
    outbox = schema.outbox
    done = sa.case((outbox.c.state == "refused", outbox.c.created_at), else_=outbox.c.sent_at)
    query = (
        sa.select(done)
        .where(outbox.c.state.in_(("sent", "draft", "refused")), done.is_not(None))
        .order_by(done.desc())
        .limit(1)
    )
    with store.reading() as conn:
        found: datetime | None = conn.execute(query).scalar()
    return found


def last_mails(store: Store) -> tuple[LastMail, ...]:
    """The newest mail to each recipient, by address."""
    t = schema.outbox
    newest = (
        sa.select(sa.func.max(t.c.id))
        .where(t.c.state != waiting.SUPERSEDED)
        .group_by(t.c.recipient)
    )
    with store.reading() as conn:
        rows = conn.execute(sa.select(t).where(t.c.id.in_(newest)).order_by(t.c.recipient)).all()
    return tuple(
        LastMail(
            row.recipient,
            row.state,
            row.sent_at or row.created_at,
            row.attempts,
            row.last_error if row.state != "sent" else None,
        )
        for row in rows
    )


def refuses(store: Store, recipient: str) -> bool:
    """Whether the newest mail to this recipient was refused for good."""
    return any(one.state == "refused" for one in last_mails(store) if one.recipient == recipient)


def send(
    store: Store,
    report_id: int,
    messages: Mapping[str, EmailMessage],
    smtp: Smtp,
    *,
    now: datetime,
) -> tuple[Sent, ...]:
    """Send each recipient's mail, unless it was sent before; one result per recipient.

    One recipient's trouble never stops the others. A retry carries the Message-ID of the first
    try. Older mails that nobody got are dropped: this report tells what they told. Nothing is
    raised for a mail that did not leave: `raise_for` does that.
    """
    _supersede(store, report_id, set(messages), now)
    found = []
    for recipient, message in messages.items():
        message_id, _ = _row(store, report_id, recipient, message, now)
        del message["Message-ID"]
        message["Message-ID"] = message_id
        raw = wire(message)
        found.append(_send_one(store, report_id, recipient, message_id, raw, smtp, now))
    return tuple(found)


def resend(store: Store, smtp: Smtp, *, now: datetime) -> tuple[Sent, ...]:
    """Hand over what earlier runs could not, byte for byte and oldest first.

    What the server refused for good is left alone; what is older than GIVE_UP is given up, and
    the result says so once.
    """
    table = schema.outbox
    query = (
        sa.select(table)
        .where(table.c.state.in_(_UNDONE), table.c.raw.is_not(None))
        .order_by(table.c.id)
    )
    with store.reading() as conn:
        rows = conn.execute(query).all()
    found = []
    for row in rows:
        if _flying(row.last_error, now):
            continue
        if now - row.created_at > GIVE_UP:
            _finish(store, row.report_id, row.recipient, "given_up", row.last_error, now)
            told = f"not delivered in {GIVE_UP.days} days, given up ({row.last_error})"
            found.append(Sent(row.recipient, "given_up", row.message_id, told))
            continue
        found.append(
            _send_one(store, row.report_id, row.recipient, row.message_id, row.raw, smtp, now)
        )
    return tuple(found)


def record_draft(
    store: Store, report_id: int, recipient: str, message: EmailMessage, *, now: datetime
) -> Sent:
    """Note that the mail was handed over as a file; one that was sent stays sent."""
    message_id, state = _row(store, report_id, recipient, message, now)
    if state != "sent":
        _finish(store, report_id, recipient, "draft", None, now)
    return Sent(recipient, "already_sent" if state == "sent" else "draft", message_id)


def raise_for(results: tuple[Sent, ...]) -> None:
    """Raise DeliveryError (exit code 5) when some mail did not leave."""
    failed = [one for one in results if one.error]
    if not failed:
        return
    raise DeliveryError(
        "; ".join(f"{one.recipient}: {one.error}" for one in failed),
        where="mail",
        todo=(
            "Run the same command again later; who has the report does not get it twice."
            if any(one.retryable for one in failed)
            else "Correct the address or the mail settings and run the same command again."
        ),
    )


def _send_one(
    store: Store,
    report_id: int,
    recipient: str,
    message_id: str,
    raw: bytes,
    smtp: Smtp,
    now: datetime,
) -> Sent:
    claimed, kept = _claim(store, report_id, recipient, raw, now)
    if claimed != "claimed":
        busy = "another process is sending it" if claimed == "busy" else None
        return Sent(recipient, claimed, message_id, busy, retryable=claimed == "busy")

    def done(state: str, error: str | None = None) -> Sent:
        _finish(store, report_id, recipient, state, error, now)
        return Sent(recipient, state, message_id, error, state == "deferred")

    # The policy makes it an EmailMessage.
    message = cast(EmailMessage, message_from_bytes(kept, policy=folding.ASCII))
    try:
        delivery = deliver(message, smtp)
    except SmtpError as error:
        if error.retryable:
            return done("deferred", str(error))
        return done("refused" if error.refused else "failed", str(error))
    except DeliveryError as error:
        return done("failed", str(error))
    except ConfigError as error:
        _finish(store, report_id, recipient, "failed", str(error), now)
        raise
    except BaseException:
        # Interrupted, or our own fault: it did not leave as far as we know, so free it.
        _finish(store, report_id, recipient, "failed", "interrupted", now)
        raise
    if delivery.refused:
        told = "; ".join(f"{one.code} {one.text}" for one in delivery.refused)
        again = all(one.retryable for one in delivery.refused)
        return done("deferred" if again else "refused", told)
    return done("sent")


def _supersede(store: Store, report_id: int, recipients: set[str], now: datetime) -> None:
    """Drop undelivered mails to them of older reports that no reader got."""
    table = schema.outbox
    other = table.alias()
    got = sa.exists().where(
        other.c.report_id == table.c.report_id, other.c.state.in_(("sent", "draft"))
    )
    query = sa.select(table.c.report_id, table.c.recipient, table.c.last_error).where(
        table.c.report_id < report_id,
        table.c.recipient.in_(sorted(recipients)),
        table.c.state.in_(_UNDONE),
        ~got,
    )
    with store.reading() as conn:
        rows = conn.execute(query).all()
    for row in rows:
        if not _flying(row.last_error, now):
            _finish(store, row.report_id, row.recipient, "superseded", row.last_error, now)


def _row(
    store: Store, report_id: int, recipient: str, message: EmailMessage, now: datetime
) -> tuple[str, str]:
    """Message-ID and state of the row, which is made if it is not there."""
    table = schema.outbox
    mine = (table.c.report_id == report_id) & (table.c.recipient == recipient)
    with store.writing() as conn:
        row = conn.execute(sa.select(table.c.message_id, table.c.state).where(mine)).one_or_none()
        if row is not None:
            return str(row.message_id), str(row.state)
        message_id = str(message["Message-ID"])
        conn.execute(
            sa.insert(table).values(
                report_id=report_id,
                recipient=recipient,
                message_id=message_id,
                state="pending",
                attempts=0,
                created_at=now,
            )
        )
    return message_id, "pending"


def _claim(
    store: Store, report_id: int, recipient: str, raw: bytes, now: datetime
) -> tuple[str, bytes]:
    """`claimed`, `already_sent` or `busy`, and the bytes to send; decided in one transaction.

    A mail whose outcome is unknown goes out as it was; else what was corrected since counts.
    """
    table = schema.outbox
    mine = (table.c.report_id == report_id) & (table.c.recipient == recipient)
    with store.writing() as conn:
        row = conn.execute(
            sa.select(table.c.state, table.c.last_error, table.c.attempts, table.c.raw)
            .where(mine)
            .with_for_update()
        ).one()
        if row.state == "sent":
            return "already_sent", raw
        if row.state == "pending" and _flying(row.last_error, now):
            return "busy", raw
        if row.state in ("deferred", "pending") and row.raw is not None:
            raw = bytes(row.raw)
        conn.execute(
            sa.update(table)
            .where(mine)
            .values(
                state="pending",
                attempts=row.attempts + 1,
                last_error=f"{_FLYING}{now.isoformat()}",
                raw=raw,
            )
        )
    return "claimed", raw


def _flying(last_error: str | None, now: datetime) -> bool:
    if not last_error or not last_error.startswith(_FLYING):
        return False
    since = datetime.fromisoformat(last_error.removeprefix(_FLYING))
    return now - since < IN_FLIGHT


def _finish(
    store: Store, report_id: int, recipient: str, state: str, error: str | None, now: datetime
) -> None:
    table = schema.outbox
    with store.writing() as conn:
        conn.execute(
            sa.update(table)
            .where(table.c.report_id == report_id, table.c.recipient == recipient)
            .values(
                state=state,
                last_error=error,
                sent_at=now if state in ("sent", "draft") else None,
                # What is done with needs no second copy.
                **({} if state in _UNDONE else {"raw": None}),
            )
        )
