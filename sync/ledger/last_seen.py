"""Between which two readings a stay ended that no event ended.

Who was deleted, hidden or silently taken out is missed by a reading some time later. What is
between the last reading that found it and the one that did not is known to nobody.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from connectors.contract import GoneReason, Outcome
from mappings.vocabulary import OF_BOARD, MilestoneKind
from sync.ledger.timeline import Stay
from sync.store import schema
from sync.store.bulk import select_ids
from sync.store.tables_code import change_request

#: By milestone, by member.
_Stays = Mapping[tuple[int, MilestoneKind, str], Mapping[str, list[Stay]]]
#: (member, milestone kind, milestone id, since when).
_Row = tuple[str, str, str, datetime]
#: What a census misses at once; what became something else may stay listed.
_PROVEN_THERE = frozenset(
    reason.value for reason in GoneReason if reason is not GoneReason.CONVERTED
)
#: What a stream may end in without leaving anything of its scope unread.
_WHOLE = (Outcome.COMPLETE.value, Outcome.UNAVAILABLE.value)


#: No end, or one that the source dates.
_SEEN = frozenset({None, "event"})


def is_unseen(end_cause: str | None) -> bool:
    """Whether an end of this cause is dated by a reading and not by the source."""
    return end_cause not in _SEEN


def bounded(
    conn: sa.Connection,
    connection_id: int,
    stays: _Stays,
    known_at: datetime,
    *,
    changes: bool = False,
) -> None:
    """Give every stay that ended unseen the last instant at which it certainly held.

    And every one that began unseen the last at which it had certainly not begun. Changes the lists
    in place; no query where every end was told. `changes`: they are stays of change requests.
    """
    told, unseen = _unclear(stays)
    if told:
        _begun(conn, connection_id, stays, told, known_at)
    if not unseen:
        return
    table = change_request if changes else schema.work_item
    seen = _Seen.load(conn, connection_id, table, unseen, known_at)
    for (_, kind, milestone_id), by_item in stays.items():
        for id_ in by_item.keys() & unseen:
            by_item[id_][:] = [
                one._replace(held_until=seen.until(one, (id_, kind.value, milestone_id, one.start)))
                if is_unseen(one.end_cause)
                else one
                for one in by_item[id_]
            ]


def _unclear(stays: _Stays) -> tuple[set[str], set[str]]:
    """Members with a stay that a board told of, and those with one that ended unseen."""
    told, unseen = set(), set()
    for by_item in stays.values():
        for id_, mine in by_item.items():
            for one in mine:
                # Of each of a million stays: no calls.
                event_id = one.event_id
                if event_id is not None and event_id.startswith(OF_BOARD) and one.exact:
                    told.add(id_)
                if one.end_cause not in _SEEN:
                    unseen.add(id_)
    return told, unseen


def _is_of_board(stay: Stay) -> bool:
    return stay.event_id is not None and stay.exact and stay.event_id.startswith(OF_BOARD)


def _begun(
    conn: sa.Connection,
    connection_id: int,
    stays: _Stays,
    told: Collection[str],
    known_at: datetime,
) -> None:
    """Boards tell no history: what they began to say began after the reading before."""
    c = schema.sync_step.c
    by_board: dict[str, list[tuple[datetime, datetime]]] = {}
    for row in conn.execute(
        sa.select(c.scope_id, c.fresh_at, c.finished_at).where(
            c.connection_id == connection_id,
            c.scope_kind == "board",
            c.outcome == Outcome.COMPLETE.value,
            c.finished_at <= known_at,
        )
    ):
        by_board.setdefault(row.scope_id, []).append((row.fresh_at, row.finished_at))
    for by_item in stays.values():
        for id_ in by_item.keys() & set(told):
            by_item[id_][:] = [
                one._replace(absent_until=_before(by_board, one.start))
                if _is_of_board(one)
                else one
                for one in by_item[id_]
            ]


def _before(
    by_board: Mapping[str, Sequence[tuple[datetime, datetime]]], at: datetime
) -> datetime | None:
    """The begin of the last reading before `at`, of the board that was read longest ago."""
    found = [
        max((begin for begin, end in readings if end < at), default=None)
        for readings in by_board.values()
    ]
    begins = [one for one in found if one is not None]
    return min(begins, default=None)


@dataclass
class _Seen:
    """What the readings of these items' scopes prove."""

    scope_of: Mapping[str, str]
    #: by scope: (begin, end) of runs that read it whole and took a census.
    censuses: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    #: by scope: begin of every run that looked at it.
    begins: dict[str, list[datetime]] = field(default_factory=dict)
    #: when a stay was last written down as one that goes on.
    open_at: dict[_Row, datetime] = field(default_factory=dict)

    @staticmethod
    def load(
        conn: sa.Connection,
        connection_id: int,
        table: sa.Table,
        ids: Iterable[str],
        known_at: datetime,
    ) -> "_Seen":
        wanted = sorted(ids)
        scopes = {
            row[0]: row[1]
            for row in select_ids(
                conn,
                table,
                ("source_id", "scope_id"),
                connection_id,
                "source_id",
                wanted,
            )
        }
        found = _Seen(scopes)
        columns = ("member_id", "milestone_kind", "milestone_id", "valid_from", "known_from")
        for *key, known_from in select_ids(
            conn,
            schema.scope_membership,
            columns,
            connection_id,
            "member_id",
            wanted,
            f"AND member_kind = '{table.name}' AND valid_to IS NULL",
        ):
            row: _Row = (key[0], key[1], key[2], key[3])
            if known_from <= known_at:
                found.open_at[row] = max(known_from, found.open_at.get(row, known_from))
        found._runs(conn, connection_id, known_at)
        return found

    def _runs(self, conn: sa.Connection, connection_id: int, known_at: datetime) -> None:
        c = schema.sync_step.c
        broken = sa.func.sum(sa.case((c.outcome.in_(_WHOLE), 0), else_=1))
        censuses = sa.func.sum(sa.case((c.mode == "census", 1), else_=0))
        for row in conn.execute(
            sa.select(
                c.scope_id,
                sa.func.min(c.fresh_at).label("begin"),
                sa.func.max(c.finished_at).label("end"),
                broken.label("broken"),
                censuses.label("censuses"),
            )
            .where(
                c.connection_id == connection_id,
                c.scope_id.in_(sorted(set(self.scope_of.values()))),
                c.finished_at <= known_at,
            )
            .group_by(c.run_id, c.scope_id)
        ):
            self.begins.setdefault(row.scope_id, []).append(row.begin)
            if row.censuses and not row.broken:
                self.censuses.setdefault(row.scope_id, []).append((row.begin, row.end))

    def until(self, stay: Stay, key: _Row) -> datetime:
        """The last instant at which it certainly held; at the least its begin."""
        scope, by = self.scope_of.get(key[0], ""), stay.gone_by
        proofs = [stay.start]
        if key in self.open_at:
            proofs += [one for one in self.begins.get(scope, ()) if one <= self.open_at[key]]
        if stay.end_cause in _PROVEN_THERE:
            # A run that lists every item and reads every change has seen it in its place.
            proofs += [
                begin for begin, end in self.censuses.get(scope, ()) if by is None or end < by
            ]
        latest = max(proofs)
        return latest if stay.end is None else min(latest, max(stay.end, stay.start))
