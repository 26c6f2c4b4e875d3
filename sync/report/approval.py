"""Whether others than the token's owner may read a report, as a person said."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from sync.report.note import Note
from sync.store import schema, tables_cadence
from sync.store.open import Store


@dataclass(frozen=True, slots=True)
class Gate:
    """What stands between a report and its other readers; instants in UTC."""

    #: until when the owner alone is a reader.
    only_owner_until: datetime
    #: mails leave without asking.
    standing: bool

    def opens(self, now: datetime) -> bool:
        """Whether a report may go to everybody now."""
        return self.standing and now >= self.only_owner_until

    def owner_alone(self, now: datetime) -> bool:
        """Whether it is too early for anybody else."""
        return now < self.only_owner_until


def gate(store: Store, *, now: datetime, only_owner_days: int, configured: bool) -> Gate:
    """What holds now.

    The days of the owner alone are counted from the first report and hold against any approval. A
    standing word of `report approve` counts before the configuration's, as it names who said it.
    """
    report, approved = schema.report.c, tables_cadence.report_approval.c
    with store.reading() as conn:
        first = conn.execute(sa.select(report.created_at).order_by(report.id).limit(1)).scalar()
        said = conn.execute(
            sa.select(approved.standing)
            .where(approved.reconcile_run_id.is_(None))
            .order_by(approved.id.desc())
            .limit(1)
        ).scalar()
    return Gate(
        (first or now) + timedelta(days=only_owner_days),
        configured if said is None else bool(said),
    )


def approve(
    store: Store,
    *,
    now: datetime,
    author: str,
    note: str | None = None,
    run_id: int | None = None,
    standing: bool = False,
) -> None:
    """Keep what a person said: of one reconciliation's report, or (`run_id` None) of all later."""
    with store.writing() as conn:
        conn.execute(
            sa.insert(tables_cadence.report_approval).values(
                reconcile_run_id=run_id, at=now, author=author, note=note, standing=standing
            )
        )


def note_of(store: Store, run_id: int) -> Note | None:
    """The newest note beside the report of a reconciliation."""
    t = tables_cadence.report_approval
    with store.reading() as conn:
        row = conn.execute(
            sa.select(t.c.note, t.c.author, t.c.at)
            .where(t.c.reconcile_run_id == run_id, t.c.note.is_not(None))
            .order_by(t.c.id.desc())
            .limit(1)
        ).one_or_none()
    return None if row is None else Note(row.note, row.author, row.at)
