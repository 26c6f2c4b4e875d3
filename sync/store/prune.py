"""What a store need not keep for ever: former rows, old runs, old reports.

What is so now, every event and interval, forecasts, verdicts, baselines, agreements and the newest
payload of each record are never pruned: judgements rest on them. Deleting goes in small
transactions, so that a run that is going on waits for none of them long.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from connectors.contract import Outcome
from sync.store import past, schema
from sync.store.open import Store

#: Rows deleted in one transaction, and whole runs or reports.
AT_ONCE, WHOLE_AT_ONCE = 2_000, 200
#: States of a mail that nobody sends any more.
_SETTLED = ("sent", "refused", "failed", "draft", "superseded")


@dataclass(frozen=True, slots=True)
class Horizons:
    """What is older than these instants (UTC) goes; None: it stays."""

    #: rows as they stood before they were overwritten; `--known-at` reaches back so far.
    former: datetime | None = None
    #: runs with what they read, and reconciliations that no report rests on.
    runs: datetime | None = None
    #: reports that were made, and to whom they went.
    reports: datetime | None = None


def prune(store: Store, horizons: Horizons, *, dry_run: bool = False) -> Mapping[str, int]:
    """Delete it: table -> rows. `dry_run` only counts."""
    done: dict[str, int] = {}
    if horizons.former is not None:
        if not dry_run:
            # Told before anything goes: a question about an earlier day is refused from here on.
            with store.writing() as conn:
                past.kept_from(conn, horizons.former)
        for table in schema.PAST.values():
            if "known_to" in table.c:
                done[table.name] = _former(store, table, horizons.former, dry_run=dry_run)
    if horizons.reports is not None:
        with store.reading() as conn:
            ids = [row.id for row in conn.execute(_reports(horizons.reports))]
        done |= _with_parts(store, schema.report, schema.outbox.c.report_id, ids, dry_run=dry_run)
    if horizons.runs is not None:
        with store.reading() as conn:
            ids = [row.id for row in conn.execute(_runs(horizons.runs))]
        done |= _with_parts(store, schema.sync_run, schema.sync_step.c.run_id, ids, dry_run=dry_run)
    return done


def _former(store: Store, table: sa.Table, at: datetime, *, dry_run: bool) -> int:
    such = table.c.known_to < at
    if dry_run:
        with store.reading() as conn:
            return conn.execute(
                sa.select(sa.func.count()).select_from(table).where(such)
            ).scalar_one()
    key = list(table.primary_key.columns)
    total = 0
    while True:
        with store.writing() as conn:
            some = sa.select(*key).where(such).limit(AT_ONCE)
            rows = conn.execute(sa.delete(table).where(sa.tuple_(*key).in_(some))).rowcount
        total += rows
        if rows < AT_ONCE:
            return total


def _with_parts(
    store: Store, table: sa.Table, part: sa.Column[int], ids: Sequence[int], *, dry_run: bool
) -> dict[str, int]:
    """Delete rows of `table` by their ids, each together with the rows that `part` ties to it."""
    done = {part.table.name: 0, table.name: 0}
    for start in range(0, len(ids), WHOLE_AT_ONCE):
        some = ids[start : start + WHOLE_AT_ONCE]
        tied, mine = part.in_(some), table.c.id.in_(some)
        if dry_run:
            with store.reading() as conn:
                wanted = sa.select(sa.func.count()).select_from(part.table).where(tied)
                done[part.table.name] += conn.execute(wanted).scalar_one()
            done[table.name] += len(some)
            continue
        with store.writing() as conn:
            done[part.table.name] += conn.execute(sa.delete(part.table).where(tied)).rowcount
            done[table.name] += conn.execute(sa.delete(table).where(mine)).rowcount
    return done


def _reports(at: datetime) -> sa.Select[tuple[int]]:
    """Old ones, but for the newest of all and those of which a mail may still go out.

    The first stays, too: from it on the days are counted in which the owner alone is a reader.
    """
    r, o = schema.report.c, schema.outbox.c
    return (
        sa.select(r.id)
        .where(
            r.created_at < at,
            r.id < sa.select(sa.func.max(r.id)).scalar_subquery(),
            r.id > sa.select(sa.func.min(r.id)).scalar_subquery(),
            ~sa.exists().where(o.report_id == r.id, o.state.not_in(_SETTLED)),
        )
        .order_by(r.id)
    )


def _runs(at: datetime) -> sa.Select[tuple[int]]:
    """Old ones on which no judgement rests.

    Of each stream of each scope the first, the newest and the whole readings at both ends stay, and
    the one that reached back farthest. A run goes with all its readings or not at all: half a run
    would seem to have read all it did.
    """
    s, r = schema.sync_step.c, schema.sync_run.c
    kind = (s.connection_id, s.scope_kind, s.scope_id, s.stream, s.mode)
    is_whole = s.outcome == Outcome.COMPLETE.value
    farthest = sa.func.row_number().over(partition_by=kind, order_by=(s.window_from, s.id))
    reach = sa.select(s.id, farthest.label("place")).where(s.window_from.is_not(None)).subquery()
    edges = [
        sa.select(sa.func.min(s.id)).group_by(*kind),
        sa.select(sa.func.max(s.id)).group_by(*kind),
        sa.select(sa.func.min(s.id)).where(is_whole).group_by(*kind),
        sa.select(sa.func.max(s.id)).where(is_whole).group_by(*kind),
        sa.select(sa.func.max(s.id)).where(is_whole, s.window_from.is_(None)).group_by(*kind),
        sa.select(reach.c.id).where(reach.c.place == 1),
    ]
    kept = sa.select(s.run_id).where(sa.or_(*(s.id.in_(one) for one in edges)))
    newest = sa.select(sa.func.max(r.id)).scalar_subquery()
    return (
        sa.select(r.id).where(r.finished_at < at, r.id < newest, r.id.not_in(kept)).order_by(r.id)
    )
