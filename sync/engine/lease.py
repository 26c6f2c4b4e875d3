"""One writer per scope: a lease row with a fencing token that every page transaction checks."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from sync.clock import Clock, SystemClock
from sync.engine.holder import ended, shown
from sync.errors import LostLease, ScopeHeld
from sync.store import schema
from sync.store.open import Store
from sync.store.types import Instant

_SERVER_TIME = sa.select(sa.func.clock_timestamp(type_=Instant()))


def present(conn: sa.Connection, clock: Clock) -> datetime:
    """The instant that leases are measured by (UTC).

    Hosts that share a database server may disagree about the time: there the server's own counts,
    unless `clock` is not a machine's, and thus all the time there is.
    """
    if conn.dialect.name == "postgresql" and isinstance(clock, SystemClock):
        return conn.execute(_SERVER_TIME).scalar_one()
    return clock.now()


@dataclass(slots=True)
class Lease:
    """The right to write one scope until `expires_at`; `check` is its heartbeat."""

    connection_id: int
    scope_kind: str
    scope_id: str
    holder: str
    token: int
    seconds: float
    clock: Clock
    #: given back during a long pause; the next page takes it again or gives up.
    suspended: bool = field(default=False)

    def check(self, conn: sa.Connection) -> None:
        """Prolong the lease inside the caller's transaction; take it again after a pause.

        Raises LostLease if another run took the scope, even if it has given it back since: what was
        read before is older than what that run wrote. The transaction must then be rolled back.
        """
        until = present(conn, self.clock) + timedelta(seconds=self.seconds)
        c = schema.lease.c
        changed = conn.execute(
            sa.update(schema.lease)
            .where(*self._key(), c.token == self.token)
            .where(sa.or_(c.holder == self.holder, c.holder.is_(None)))
            .values(holder=self.holder, expires_at=until)
        ).rowcount
        if changed == 1:
            self.suspended = False
            return
        row = conn.execute(sa.select(schema.lease).where(*self._key())).one_or_none()
        by = shown(row.holder) if row is not None and row.holder else "another run"
        raise LostLease(
            f"the scope was taken over by {by}",
            where=f"{self.scope_kind} {self.scope_id}",
            todo="Nothing was written after that; the other run goes on.",
        )

    def release(self, conn: sa.Connection) -> None:
        """Give it back, if it is still ours."""
        conn.execute(
            sa.update(schema.lease)
            .where(*self._key(), schema.lease.c.token == self.token)
            .where(schema.lease.c.holder == self.holder)
            .values(holder=None, expires_at=None)
        )

    def _key(self) -> tuple[sa.ColumnElement[bool], ...]:
        c = schema.lease.c
        return (
            c.connection_id == self.connection_id,
            c.scope_kind == self.scope_kind,
            c.scope_id == self.scope_id,
        )


def acquire(
    store: Store,
    connection_id: int,
    scope_kind: str,
    scope_id: str,
    *,
    holder: str,
    seconds: float,
    clock: Clock,
) -> Lease:
    """Take the lease of a scope. Raises ScopeHeld naming the holder while another run has it.

    A holder that was killed on this machine is none.
    """
    lease = Lease(connection_id, scope_kind, scope_id, holder, 0, seconds, clock)
    with store.writing() as conn:
        lease.token = _take(conn, lease)
    return lease


def living(conn: sa.Connection, clock: Clock) -> frozenset[str]:
    """Holders of leases that have not lapsed and whose process is not known to have ended."""
    c = schema.lease.c
    held = conn.execute(
        sa.select(c.holder).where(c.holder.is_not(None), c.expires_at > present(conn, clock))
    ).scalars()
    return frozenset(holder for holder in held if not ended(holder))


def _take(conn: sa.Connection, lease: Lease) -> int:
    now = present(conn, lease.clock)
    key = lease._key()
    row = conn.execute(sa.select(schema.lease).where(*key).with_for_update()).one_or_none()
    if row is not None and row.holder not in (None, lease.holder):
        alive = row.expires_at is not None and row.expires_at > now and not ended(row.holder)
        if alive:
            raise ScopeHeld(
                f"{shown(row.holder)} is reading it until {row.expires_at:%Y-%m-%d %H:%M:%S} UTC",
                where=f"{lease.scope_kind} {lease.scope_id}",
                todo="Wait for that run, or for its lease to expire.",
            )
    token = 1 if row is None else int(row.token) + 1
    values = {
        "token": token,
        "holder": lease.holder,
        "acquired_at": now,
        "expires_at": now + timedelta(seconds=lease.seconds),
    }
    if row is None:
        conn.execute(
            sa.insert(schema.lease).values(
                connection_id=lease.connection_id,
                scope_kind=lease.scope_kind,
                scope_id=lease.scope_id,
                **values,
            )
        )
    else:
        conn.execute(sa.update(schema.lease).where(*key).values(**values))
    return token
