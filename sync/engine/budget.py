"""Rate budgets as rows: processes and connections with one token see the same limits."""

import hashlib
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from pydantic import SecretStr

from connectors.limits import EVERYTHING
from sync.clock import Clock
from sync.errors import StoreBusy
from sync.store import schema
from sync.store.open import Store

#: What others found out is looked up, and what we found out is written, no more often than this.
SHARE_EVERY = timedelta(seconds=10)
#: Options beside secrets that say whose credentials they are.
_WHOSE = ("email", "username", "app_id", "installation_id")


@dataclass(frozen=True, slots=True)
class Budget:
    """What is known of one bucket; instants in UTC."""

    bucket: str
    limit: int | None
    remaining: int | None
    #: when it is full again, if told.
    reset_at: datetime | None
    #: until when nothing is asked from it, and why, after a limit was met.
    paused_until: datetime | None = None
    reason: str | None = None

    def closed_until(self, now: datetime, reserve: float) -> datetime | None:
        """Until when requests must wait: for a pause, or so that `reserve` of the limit stays free.

        None: it is open. A limit of 0 is one that the server has switched off.
        """
        pauses = [self.paused_until] if self.paused_until is not None else []
        if self.remaining is not None and self.limit and self.remaining <= self.limit * reserve:
            pauses += [self.reset_at] if self.reset_at is not None else []
        return max((one for one in pauses if one > now), default=None)


class Budgets:
    """What one token may still ask of one server; may be used by several threads at once.

    `store` None shares nothing with others.
    """

    def __init__(
        self,
        store: Store | None,
        key: str,
        clock: Clock,
        reserve: float,
        *,
        writes: bool = True,
    ) -> None:
        """`key` names server and token; `reserve` is the share of a limit left for people."""
        self._writes = writes
        self._store, self._key, self._clock, self._reserve = store, key, clock, reserve
        self._lock = threading.Lock()
        #: heard by this process and not yet written; and when each bucket was heard of last.
        self._unwritten: dict[str, Budget] = {}
        self._heard_at: dict[str, datetime] = {}
        self._written_at = self._read_at = datetime.min.replace(tzinfo=clock.now().tzinfo)
        self._others: Mapping[str, tuple[Budget, datetime]] = {}

    def hear(self, budget: Budget) -> None:
        """Take in what an answer said; others learn it within seconds, at once if it is closed."""
        now = self._clock.now()
        with self._lock:
            held = self._unwritten.get(budget.bucket)
            if held is not None and held.paused_until is not None:
                budget = replace(budget, paused_until=held.paused_until, reason=held.reason)
            self._unwritten[budget.bucket] = budget
            self._heard_at[budget.bucket] = now
            is_due = now - self._written_at >= SHARE_EVERY
        if is_due or budget.closed_until(now, self._reserve) is not None:
            self._share()

    def pause(self, bucket: str, until: datetime, reason: str) -> None:
        """A limit was met: nobody with this token asks from the bucket before `until` (UTC)."""
        with self._lock:
            held = self._unwritten.get(bucket) or Budget(bucket, None, None, None)
            self._unwritten[bucket] = replace(held, paused_until=until, reason=reason)
        self._share()

    def closed_until(self, bucket: str) -> datetime | None:
        """Until when others found the bucket closed (UTC); None: it is open as far as they know."""
        if self._store is None:
            return None
        now = self._clock.now()
        with self._lock:
            is_due = now - self._read_at >= SHARE_EVERY
            if is_due:
                self._read_at = now
        if is_due:
            with self._store.reading() as conn:
                self._others = stored(conn, self._key)
        found: list[datetime] = []
        for name in (bucket, EVERYTHING):
            if name not in self._others:
                continue
            budget, at = self._others[name]
            with self._lock:
                heard_at = self._heard_at.get(name)
            if heard_at is not None and heard_at >= at:
                # What the server told us last is newer than what others wrote of it.
                budget = replace(budget, remaining=None)
            until = budget.closed_until(now, self._reserve)
            found += [] if until is None else [until]
        return max(found, default=None)

    def flush(self, conn: sa.Connection) -> None:
        """Write what was heard since the last time, in the caller's transaction."""
        with self._lock:
            unwritten, self._unwritten = self._unwritten, {}
            heard_at = dict(self._heard_at)
            self._written_at = now = self._clock.now()
        for budget in unwritten.values():
            _write(conn, self._key, budget, heard_at.get(budget.bucket, now))

    def _share(self) -> None:
        if self._store is None or not self._writes:
            return
        # A notice is no reason to fail: what cannot be written now is written with a later page.
        with suppress(StoreBusy), self._store.writing() as conn:
            self.flush(conn)


def _write(conn: sa.Connection, key: str, budget: Budget, at: datetime) -> None:
    """What was met is kept until it is over; what was told gives way to what was told later."""
    c = schema.rate_budget.c
    values: dict[str, Any] = {}
    if budget.limit is not None or budget.remaining is not None:
        values = {
            "limit_count": budget.limit,
            "remaining": budget.remaining,
            "reset_at": budget.reset_at,
            "observed_at": at,
        }
    if budget.paused_until is not None:
        values |= {"paused_until": budget.paused_until, "reason": budget.reason}
    where = (c.budget_key == key, c.bucket == budget.bucket)
    if conn.execute(sa.update(schema.rate_budget).where(*where).values(**values)).rowcount:
        return
    values.setdefault("observed_at", at)
    conn.execute(
        sa.insert(schema.rate_budget).values(budget_key=key, bucket=budget.bucket, **values)
    )


def stored(conn: sa.Connection, key: str) -> dict[str, tuple[Budget, datetime]]:
    """The budgets any process wrote for a server and token, each with when it was told (UTC)."""
    c = schema.rate_budget.c
    rows = conn.execute(sa.select(schema.rate_budget).where(c.budget_key == key))
    return {
        r.bucket: (
            Budget(r.bucket, r.limit_count, r.remaining, r.reset_at, r.paused_until, r.reason),
            r.observed_at,
        )
        for r in rows
    }


def budget_key(options: Any) -> str:
    """Which server and which credentials requests count against: host and a fingerprint.

    The fingerprint is slow to compute and 16 bits long, so that no password can be told from it.
    Two tokens of one host that share it by chance share a budget, which harms nobody.
    """
    values = {
        name: getattr(options, name, None) for name in getattr(type(options), "model_fields", ())
    }
    secret = [one.get_secret_value() for one in values.values() if isinstance(one, SecretStr)]
    whose = [str(values[name]) for name in _WHOSE if values.get(name) is not None]
    address = urlsplit(str(values.get("url") or ""))
    host = address.netloc.rpartition("@")[2].lower()
    return f"{host} {_fingerprint(host, (*secret, *whose))}"


@lru_cache(maxsize=64)
def _fingerprint(host: str, parts: Iterable[str]) -> str:
    said = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(said, salt=host.encode(), n=2**12, r=8, p=1, dklen=2).hex()
