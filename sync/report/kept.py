"""Reports as the store keeps them: which there are, and each one once more."""

from dataclasses import dataclass
from datetime import datetime

import orjson
import sqlalchemy as sa

from sync.errors import StoreError, UsageError
from sync.report import json_
from sync.report.data import ReportData
from sync.store import schema
from sync.store.open import Store


@dataclass(frozen=True, slots=True)
class Kept:
    """A report that was stored to be mailed; instants in UTC."""

    id: int
    run_id: int
    created_at: datetime
    kind: str
    audience: str
    subject: str
    #: (recipient, state, when it left or None).
    mails: tuple[tuple[str, str, datetime | None], ...]


def kept(store: Store) -> tuple[Kept, ...]:
    """Every stored report, newest first."""
    report, box = schema.report, schema.outbox
    with store.reading() as conn:
        mails: dict[int, list[tuple[str, str, datetime | None]]] = {}
        for row in conn.execute(
            sa.select(box.c.report_id, box.c.recipient, box.c.state, box.c.sent_at).order_by(
                box.c.id
            )
        ):
            mails.setdefault(row.report_id, []).append((row.recipient, row.state, row.sent_at))
        rows = conn.execute(sa.select(report).order_by(report.c.id.desc()))
        return tuple(
            Kept(
                id=row.id,
                run_id=row.reconcile_run_id,
                created_at=row.created_at,
                kind=row.payload["kind"],
                audience=row.payload["audience"],
                subject=row.payload["subject"],
                mails=tuple(mails.get(row.id, ())),
            )
            for row in rows
        )


def replayed(store: Store, number: int) -> ReportData:
    """The stored report of this number, as it was.

    Raises UsageError for a number that is not there, StoreError where what is stored is not what
    was stored then.
    """
    t = schema.report
    with store.reading() as conn:
        row = conn.execute(sa.select(t.c.payload, t.c.digest).where(t.c.id == number)).one_or_none()
    if row is None:
        raise UsageError(
            f"there is no report {number}", todo="`driftline report list` tells the numbers."
        )
    data = json_.load(orjson.dumps(row.payload), f"report {number}")
    if json_.digest(data) != row.digest:
        raise StoreError(
            "this version of driftline would show it otherwise than it was sent",
            where=f"report {number}",
            todo="Show it with the version that made it.",
        )
    return data
