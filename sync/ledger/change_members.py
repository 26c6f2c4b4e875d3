"""Change requests in milestones, and which of them count: no vendor tells how they came there."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa

from sync.ledger import last_seen
from sync.ledger.certainty import Standing, of_change
from sync.ledger.load import Container, known
from sync.ledger.milestones import Key, MilestoneFacts
from sync.ledger.timeline import Stay
from sync.store import schema
from sync.store.tables_code import change_request


@dataclass(frozen=True, slots=True)
class ChangeMember:
    """A change request that is or was in a milestone."""

    id: str
    key: str
    created_at: datetime | None
    first_seen_at: datetime
    stays: tuple[Stay, ...] = field(default=())

    def standing(self, at: datetime) -> Standing:
        """Where it stood at `at` (UTC)."""
        return of_change(
            self.stays, at, created_at=self.created_at, first_seen_at=self.first_seen_at
        )


def load(
    conn: sa.Connection, milestones: Iterable[MilestoneFacts], known_at: datetime
) -> dict[Key, dict[str, ChangeMember]]:
    """Change requests of these milestones by id, as known at an instant (UTC)."""
    by_connection: dict[int, list[MilestoneFacts]] = {}
    for one in milestones:
        by_connection.setdefault(one.connection_id, []).append(one)
    found: dict[Key, dict[str, ChangeMember]] = {}
    for connection_id, mine in by_connection.items():
        found |= _of_connection(conn, connection_id, {one.key for one in mine}, known_at)
    return found


def _of_connection(
    conn: sa.Connection, connection_id: int, wanted: Collection[Key], known_at: datetime
) -> dict[Key, dict[str, ChangeMember]]:
    c, r = schema.scope_membership.c, change_request.c
    kinds = {(kind.value, id_): (connection_id, kind, id_) for _, kind, id_ in wanted}
    stays: dict[Key, dict[str, list[Stay]]] = {}
    facts: dict[str, ChangeMember] = {}
    for row in conn.execute(
        sa.select(schema.scope_membership, r.key, r.created_at, r.first_seen_at)
        .join_from(
            schema.scope_membership,
            change_request,
            sa.and_(r.connection_id == c.connection_id, r.source_id == c.member_id),
        )
        .where(
            c.connection_id == connection_id,
            c.member_kind == "change_request",
            c.milestone_id.in_(sorted({key[2] for key in wanted})),
            known(schema.scope_membership, known_at),
        )
        .order_by(c.valid_from)
    ):
        key = kinds.get((row.milestone_kind, row.milestone_id))
        if key is None:
            continue
        id_ = row.member_id
        facts[id_] = ChangeMember(id_, row.key, row.created_at, row.first_seen_at)
        gone_by = row.known_from if last_seen.is_unseen(row.end_cause) else None
        stays.setdefault(key, {}).setdefault(id_, []).append(
            Stay(row.valid_from, row.valid_to, row.end_cause, row.from_exact, gone_by=gone_by)
        )
    last_seen.bounded(conn, connection_id, stays, known_at, changes=True)
    return {
        key: {id_: replace(facts[id_], stays=tuple(mine)) for id_, mine in by_change.items()}
        for key, by_change in stays.items()
    }


def counted(
    members: Mapping[str, ChangeMember],
    works_on: Mapping[str, Collection[str]],
    container: Container,
    at: datetime,
) -> frozenset[str]:
    """Ids of those that are in at `at` and do no work on an item that is in there itself.

    `works_on`: the items of the same connection that each change is linked with.
    """
    return frozenset(
        id_
        for id_, one in members.items()
        if one.standing(at) is Standing.IN
        and not any(
            item in container.by_item and container.by_item[item].stay_at(at) is not None
            for item in works_on.get(id_, ())
        )
    )
