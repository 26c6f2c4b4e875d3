"""Mails that wait for `driftline report approve`: rows of the outbox that no server has seen."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from sync.report import json_
from sync.report.data import ReportData
from sync.store import schema
from sync.store.open import Store

#: State of a row whose mail waits, and of one that a newer report has replaced.
WAITING, SUPERSEDED = "waiting", "superseded"
#: A server that refuses for good is not asked again every day.
_HANDED_OVER = ("sent", "draft", "refused", WAITING, SUPERSEDED)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report that waits for one recipient."""

    outbox_id: int
    report_id: int
    run_id: int
    recipient: str
    created_at: datetime
    document: dict[str, Any]

    @property
    def data(self) -> ReportData:
        """The report. Raises UsageError for one of another version."""
        return json_.load(orjson.dumps(self.document), f"report {self.report_id}")


def hold(store: Store, report_id: int, recipient: str, message_id: str, *, now: datetime) -> None:
    """Keep the report for this recipient until it is approved; it replaces one that waited."""
    t = schema.outbox
    with store.writing() as conn:
        conn.execute(
            sa.update(t)
            .where(t.c.recipient == recipient, t.c.state == WAITING, t.c.report_id != report_id)
            .values(state=SUPERSEDED)
        )
        known = conn.execute(
            sa.select(t.c.id).where(t.c.recipient == recipient, t.c.report_id == report_id)
        ).scalar()
        if known is None:
            conn.execute(
                sa.insert(t).values(
                    report_id=report_id,
                    recipient=recipient,
                    message_id=message_id,
                    state=WAITING,
                    attempts=0,
                    created_at=now,
                )
            )


def waiting(store: Store) -> tuple[Waiting, ...]:
    """What waits, in the order in which it was held."""
    box, report = schema.outbox, schema.report
    with store.reading() as conn:
        rows = conn.execute(
            sa.select(
                box.c.id,
                box.c.report_id,
                report.c.reconcile_run_id,
                box.c.recipient,
                box.c.created_at,
                report.c.payload,
            )
            .join(report, report.c.id == box.c.report_id)
            .where(box.c.state == WAITING)
            .order_by(box.c.id)
        )
        return tuple(Waiting(*row) for row in rows)


def replaced(store: Store, one: Waiting) -> None:
    """The same report left for this recipient under another number, with a note in it."""
    t = schema.outbox
    with store.writing() as conn:
        conn.execute(
            sa.update(t)
            .where(t.c.id == one.outbox_id, t.c.state == WAITING)
            .values(state=SUPERSEDED)
        )


def last_handed_over(
    store: Store, recipient: str, before_run: int | None = None
) -> datetime | None:
    """When this recipient's newest mail left, was written as a draft, or began to wait (UTC)."""
    box, report = schema.outbox, schema.report
    at = sa.func.coalesce(box.c.sent_at, box.c.created_at, type_=box.c.created_at.type)
    query = (
        sa.select(at)
        .join(report, report.c.id == box.c.report_id)
        .where(box.c.recipient == recipient, box.c.state.in_(_HANDED_OVER))
        .order_by(at.desc())
        .limit(1)
    )
    if before_run is not None:
        query = query.where(report.c.reconcile_run_id < before_run)
    with store.reading() as conn:
        found: datetime | None = conn.execute(query).scalar()
    return found
