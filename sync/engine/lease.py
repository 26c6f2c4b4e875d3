"""One writer per scope: a lease row with a fencing token that every page transaction checks."""

import os
import socket
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from sync.clock import Clock
from sync.errors import LostLease, StoreBusy
from sync.store import schema
from sync.store.open import Store


def holder_name(run_id: int) -> str:
    """Who holds a lease, told to a second run: host, process, run and a part that is unique."""
    return f"{socket.gethostname()} pid {os.getpid()} run {run_id} {uuid.uuid4().hex[:8]}"


def shown(holder: str) -> str:
    """The holder without its unique part."""
    return holder.rsplit(" ", 1)[0]


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
        """Prolong the lease inside the caller's transaction.

        Raises LostLease if another run took the scope: the transaction must then be rolled back.
        """
        now = self.clock.now()
        if self.suspended:
            self.token = _take(conn, self, now)
            self.suspended = False
            return
        changed = conn.execute(
            sa.update(schema.lease)
            .where(*self._key(), schema.lease.c.token == self.token)
            .where(schema.lease.c.holder == self.holder)
            .values(expires_at=now + timedelta(seconds=self.seconds))
        ).rowcount
        if changed != 1:
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
    """Take the lease of a scope. Raises StoreBusy naming the holder while another run has it."""
    lease = Lease(connection_id, scope_kind, scope_id, holder, 0, seconds, clock)
    with store.writing() as conn:
        lease.token = _take(conn, lease, clock.now())
    return lease


def _take(conn: sa.Connection, lease: Lease, now: datetime) -> int:
    key = lease._key()
    row = conn.execute(sa.select(schema.lease).where(*key).with_for_update()).one_or_none()
    if row is not None and row.holder not in (None, lease.holder):
        alive = row.expires_at is not None and row.expires_at > now
        if alive:
            raise StoreBusy(
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
