"""Small set queries about code hosting that the engine needs."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from mappings.vocabulary import MilestoneKind
from sync.store import schema
from sync.store.bulk import select_ids
from sync.store.rows import MembershipRow
from sync.store.tables_code import change_request


@dataclass(frozen=True, slots=True)
class ChangeNow:
    """A change request as held now, as far as its memberships need it; instants in UTC."""

    created_at: datetime | None
    updated_at: datetime | None
    milestones: frozenset[tuple[str, str]]
    gone_at: datetime | None
    gone_reason: str | None


def changes(conn: sa.Connection, connection_id: int, ids: Collection[str]) -> dict[str, ChangeNow]:
    """Change requests by id; those unknown are left out."""
    columns = ("source_id", "created_at", "updated_at", "milestones", "gone_at", "gone_reason")
    return {
        row[0]: ChangeNow(row[1], row[2], frozenset((k, i) for k, i in row[3]), row[4], row[5])
        for row in select_ids(conn, change_request, columns, connection_id, "source_id", ids)
    }


def memberships(
    conn: sa.Connection, connection_id: int, ids: Collection[str]
) -> dict[str, tuple[MembershipRow, ...]]:
    """Intervals of change requests known now, by change."""
    columns = (
        "member_id",
        "milestone_kind",
        "milestone_id",
        "valid_from",
        "valid_to",
        "from_exact",
        "cause",
        "source_event_id",
        "end_cause",
        "end_event_id",
    )
    out: dict[str, tuple[MembershipRow, ...]] = {}
    for row in select_ids(
        conn,
        schema.scope_membership,
        columns,
        connection_id,
        "member_id",
        ids,
        "AND known_to IS NULL AND member_kind = 'change_request'",
    ):
        one = MembershipRow(MilestoneKind(row[1]), *row[2:])
        out[row[0]] = (*out.get(row[0], ()), one)
    return out


def titles(conn: sa.Connection, connection_id: int, scope_id: str) -> dict[str, list[str]]:
    """Milestones known of a scope by every title they have or had: title -> sorted source ids.

    Those of another scope that this one holds (a group's) count; those gone too, since events of
    the past name them.
    """
    m, e, d = schema.milestone.c, schema.scope_entity.c, schema.milestone_date_event.c
    held = sa.exists().where(
        e.connection_id == m.connection_id,
        e.scope_id == scope_id,
        e.entity_kind == m.kind,
        e.entity_id == m.source_id,
    )
    mine = sa.and_(m.connection_id == connection_id, sa.or_(m.scope_id == scope_id, held))
    former = (
        sa.select(m.source_id, d.old)
        .join_from(
            schema.milestone,
            schema.milestone_date_event,
            sa.and_(
                d.connection_id == m.connection_id,
                d.milestone_kind == m.kind,
                d.milestone_id == m.source_id,
                d.field == "name",
            ),
        )
        .where(mine, d.old.is_not(None))
    )
    found: dict[str, set[str]] = {}
    for id_, title in conn.execute(sa.union(sa.select(m.source_id, m.name).where(mine), former)):
        found.setdefault(title, set()).add(id_)
    return {title: sorted(ids) for title, ids in sorted(found.items())}
