"""Rate budgets as rows, so that two processes with one token see the same limit."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from sync.store import schema


@dataclass(frozen=True, slots=True)
class Budget:
    """What a server said last about one bucket."""

    bucket: str
    limit: int | None
    remaining: int | None
    #: when it is full again (UTC), if told.
    reset_at: datetime | None

    def exhausted_until(self, now: datetime, reserve: float) -> datetime | None:
        """Until when requests must wait so that `reserve` of the limit stays free; None = free."""
        if self.remaining is None or self.reset_at is None or self.reset_at <= now:
            return None
        floor = int((self.limit or 0) * reserve)
        return self.reset_at if self.remaining <= floor else None


class Ledger:
    """The newest notice per bucket, gathered from several threads."""

    def __init__(self) -> None:
        """Nothing heard yet."""
        self._lock = threading.Lock()
        self._heard: dict[str, tuple[Budget, datetime]] = {}

    def hear(self, budget: Budget, now: datetime) -> None:
        """Remember what an answer said."""
        with self._lock:
            self._heard[budget.bucket] = (budget, now)

    def flush(self, conn: sa.Connection, connection_id: int) -> None:
        """Write what was heard since the last flush, in the caller's transaction."""
        with self._lock:
            heard, self._heard = self._heard, {}
        for budget, at in heard.values():
            values = {
                "limit_count": budget.limit,
                "remaining": budget.remaining,
                "reset_at": budget.reset_at,
                "observed_at": at,
            }
            c = schema.rate_budget.c
            where = (c.connection_id == connection_id, c.bucket == budget.bucket)
            if conn.execute(sa.update(schema.rate_budget).where(*where).values(**values)).rowcount:
                continue
            conn.execute(
                sa.insert(schema.rate_budget).values(
                    connection_id=connection_id, bucket=budget.bucket, **values
                )
            )


def stored(conn: sa.Connection, connection_id: int) -> Mapping[str, Budget]:
    """The budgets any process wrote for this connection."""
    rows = conn.execute(
        sa.select(schema.rate_budget).where(schema.rate_budget.c.connection_id == connection_id)
    )
    return {r.bucket: Budget(r.bucket, r.limit_count, r.remaining, r.reset_at) for r in rows}
