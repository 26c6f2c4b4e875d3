"""Keep the links between changes and items true to what the changes say now.

Set against set: what is claimed anew is inserted, what is no longer claimed is withdrawn and stays
with the instant at which that was seen. Nothing changed: nothing is written.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sync.links.load import Known, Referring, Trackers, referring, world
from sync.links.resolve import Candidate, resolve
from sync.store.tables_code import change_request
from sync.store.tables_judged import change_link

#: (to connection, to kind, to id, kind, method).
_Key = tuple[int, str, str, str, str]


@dataclass(slots=True)
class Refreshed:
    """What was done."""

    inserted: int = 0
    withdrawn: int = 0
    #: references that name nothing known.
    dangling: int = 0


def refresh(conn: sa.Connection, now: datetime, trackers: Trackers | None = None) -> Refreshed:
    """Resolve all references anew and keep what came of it. `now` in UTC.

    `trackers` says for a repository's path which connections' items it speaks of.
    """
    done = Refreshed()
    known = Known(conn, trackers or {})
    for batch in referring(conn, known):
        things = world(conn, known, batch)
        claimed = {
            one.change.source_id: resolve(one.change, one.references, things) for one in batch
        }
        done.dangling += sum(1 for links in claimed.values() for each in links if each.to is None)
        _keep(conn, now, batch, claimed, done)
    _withdraw_of_the_gone(conn, now, done)
    return done


def _keep(
    conn: sa.Connection,
    now: datetime,
    batch: list[Referring],
    claimed: dict[str, tuple[Candidate, ...]],
    done: Refreshed,
) -> None:
    if not batch:
        return
    connection_id = batch[0].change.connection_id
    held = _held(conn, connection_id, list(claimed))
    insert: list[dict[str, Any]] = []
    for from_id, links in claimed.items():
        mine = held.pop(from_id, {})
        for link in links:
            if link.to is None:
                continue
            key = (
                link.to.connection_id,
                link.to.kind.value,
                link.to.source_id,
                link.kind.value,
                link.method.value,
            )
            values = (link.confidence, link.evidence, link.ambiguous)
            row = mine.pop(key, None)
            if row is not None and row[1] == values:
                continue
            if row is not None:
                _withdraw(conn, connection_id, from_id, key, row[0], now)
                done.withdrawn += 1
            insert.append(_row(connection_id, from_id, key, values, now))
        for key, row in mine.items():
            _withdraw(conn, connection_id, from_id, key, row[0], now)
            done.withdrawn += 1
    if insert:
        conn.execute(sa.insert(change_link), insert)
        done.inserted += len(insert)


def _held(
    conn: sa.Connection, connection_id: int, changes: list[str]
) -> dict[str, dict[_Key, tuple[datetime, tuple[float, str, bool]]]]:
    columns = (
        "from_id",
        "to_connection_id",
        "to_kind",
        "to_id",
        "kind",
        "method",
        "first_seen_at",
        "confidence",
        "evidence",
        "ambiguous",
    )
    found: dict[str, dict[_Key, tuple[datetime, tuple[float, str, bool]]]] = {}
    for from_id, *rest in _select(conn, connection_id, changes, columns):
        to, kind_, id_, kind, method, seen, confidence, evidence, ambiguous = rest
        found.setdefault(from_id, {})[to, kind_, id_, kind, method] = (
            seen,
            (confidence, evidence, bool(ambiguous)),
        )
    return found


def _select(
    conn: sa.Connection, connection_id: int, changes: list[str], columns: tuple[str, ...]
) -> Iterable[tuple[Any, ...]]:
    c = change_link.c
    return [
        tuple(row)
        for row in conn.execute(
            sa.select(*(c[name] for name in columns)).where(
                c.from_connection_id == connection_id,
                c.from_id.in_(changes),
                c.withdrawn_at.is_(None),
            )
        )
    ]


def _row(
    connection_id: int,
    from_id: str,
    key: _Key,
    values: tuple[float, str, bool],
    now: datetime,
) -> dict[str, Any]:
    to, kind_, id_, kind, method = key
    confidence, evidence, ambiguous = values
    return {
        "from_connection_id": connection_id,
        "from_id": from_id,
        "to_connection_id": to,
        "to_kind": kind_,
        "to_id": id_,
        "kind": kind,
        "method": method,
        "first_seen_at": now,
        "withdrawn_at": None,
        "confidence": confidence,
        "evidence": evidence,
        "ambiguous": ambiguous,
    }


def _withdraw(
    conn: sa.Connection,
    connection_id: int,
    from_id: str,
    key: _Key,
    first_seen_at: datetime,
    now: datetime,
) -> None:
    c = change_link.c
    to, kind_, id_, kind, method = key
    this = sa.and_(
        c.from_connection_id == connection_id,
        c.from_id == from_id,
        c.to_connection_id == to,
        c.to_kind == kind_,
        c.to_id == id_,
        c.kind == kind,
        c.method == method,
        c.first_seen_at == first_seen_at,
    )
    # A link seen and withdrawn at one instant never was.
    if first_seen_at >= now:
        conn.execute(sa.delete(change_link).where(this))
    else:
        conn.execute(sa.update(change_link).where(this).values(withdrawn_at=now))


def _withdraw_of_the_gone(conn: sa.Connection, now: datetime, done: Refreshed) -> None:
    """Changes that are gone link to nothing any more."""
    c, r = change_link.c, change_request.c
    gone = (
        sa.select(sa.literal(1))
        .select_from(change_request)
        .where(
            r.connection_id == c.from_connection_id,
            r.source_id == c.from_id,
            r.gone_at.is_not(None),
        )
        .exists()
    )
    result = conn.execute(
        sa.update(change_link).where(c.withdrawn_at.is_(None), gone).values(withdrawn_at=now)
    )
    done.withdrawn += result.rowcount
