"""Send once: a row per report and recipient is written before a mail leaves, and after."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage

import sqlalchemy as sa

from sync.errors import DeliveryError
from sync.report import json_
from sync.report.changes import Previous, previous_from_payload
from sync.report.data import ReportData
from sync.report.smtp import Smtp, deliver
from sync.store import schema
from sync.store.open import Store

#: A mail in flight is left alone by another process for this long.
IN_FLIGHT = timedelta(minutes=15)
_FLYING = "in flight since "


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
    #: sent, already_sent, busy, refused, failed, draft.
    state: str
    message_id: str
    #: why not; None when it was sent.
    error: str | None = None
    #: whether a later try may help.
    retryable: bool = False


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


def last_mailed(store: Store, *, before_run: int | None = None) -> Previous | None:
    """The newest report that somebody got, sent or as a draft; None if there is none.

    `before_run` leaves out reports of that reconciliation, so that a repeated report stays equal.
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
    with store.reading() as conn:
        payload = conn.execute(query).scalar()
    return previous_from_payload(payload) if payload is not None else None


def last_mailed_at(store: Store) -> datetime | None:
    """When the last mail left, or the last draft was written (UTC)."""
    outbox = schema.outbox
    query = (
        sa.select(outbox.c.sent_at)
        .where(outbox.c.state.in_(("sent", "draft")), outbox.c.sent_at.is_not(None))
        .order_by(outbox.c.sent_at.desc())
        .limit(1)
    )
    with store.reading() as conn:
        found: datetime | None = conn.execute(query).scalar()
    return found


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
    try. Nothing is raised for a mail that did not leave: `raise_for` does that.
    """
    return tuple(
        _send_one(store, report_id, recipient, message, smtp, now)
        for recipient, message in messages.items()
    )


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
    failed = [one for one in results if one.state in ("refused", "failed", "busy")]
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
    message: EmailMessage,
    smtp: Smtp,
    now: datetime,
) -> Sent:
    message_id, _ = _row(store, report_id, recipient, message, now)
    claimed = _claim(store, report_id, recipient, now)
    if claimed != "claimed":
        busy = "another process is sending it" if claimed == "busy" else None
        return Sent(recipient, claimed, message_id, busy, retryable=claimed == "busy")
    del message["Message-ID"]
    message["Message-ID"] = message_id
    try:
        delivery = deliver(message, smtp)
    except DeliveryError as error:
        _finish(store, report_id, recipient, "failed", str(error), now)
        again = bool(getattr(error, "retryable", False))
        return Sent(recipient, "failed", message_id, str(error), again)
    except BaseException:
        # Interrupted, or our own fault: it did not leave as far as we know, so free it.
        _finish(store, report_id, recipient, "failed", "interrupted", now)
        raise
    if delivery.refused:
        told = "; ".join(f"{one.code} {one.text}" for one in delivery.refused)
        again = all(one.retryable for one in delivery.refused)
        _finish(store, report_id, recipient, "refused", told, now)
        return Sent(recipient, "refused", message_id, told, again)
    _finish(store, report_id, recipient, "sent", None, now)
    return Sent(recipient, "sent", message_id)


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


def _claim(store: Store, report_id: int, recipient: str, now: datetime) -> str:
    """`claimed`, `already_sent` or `busy`; decided in one transaction."""
    table = schema.outbox
    mine = (table.c.report_id == report_id) & (table.c.recipient == recipient)
    with store.writing() as conn:
        row = conn.execute(
            sa.select(table.c.state, table.c.last_error, table.c.attempts)
            .where(mine)
            .with_for_update()
        ).one()
        if row.state == "sent":
            return "already_sent"
        if row.state == "pending" and _flying(row.last_error, now):
            return "busy"
        conn.execute(
            sa.update(table)
            .where(mine)
            .values(
                state="pending",
                attempts=row.attempts + 1,
                last_error=f"{_FLYING}{now.isoformat()}",
            )
        )
    return "claimed"


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
            )
        )
