"""What the engine lends a connector: clock, waiting, notices, and the shared budget."""

import threading
from collections.abc import Callable
from datetime import datetime

from connectors.contract import Pause, Runtime
from sync.clock import Clock
from sync.engine.budget import Budget, Budgets
from sync.engine.lease import Lease
from sync.engine.plan import ConnectionPlan, Plan
from sync.engine.progress import Progress
from sync.store.open import Store


class Held:
    """The lease that the present thread writes under; a long pause gives it back."""

    def __init__(self, store: Store) -> None:
        """Nothing held."""
        self._store = store
        self._local = threading.local()

    def set(self, lease: Lease | None) -> None:
        """Remember the lease of this thread."""
        self._local.lease = lease

    def pause(self, until: datetime) -> None:
        """Give the lease back if the pause outlasts half of it."""
        lease: Lease | None = getattr(self._local, "lease", None)
        if lease is None or lease.suspended:
            return
        if (until - lease.clock.now()).total_seconds() < lease.seconds / 2:
            return
        with self._store.writing() as conn:
            lease.release(conn)
        lease.suspended = True


def make(
    connection: ConnectionPlan,
    plan: Plan,
    *,
    clock: Clock,
    sleep: Callable[[float], None],
    progress: Progress,
    budgets: Budgets,
    held: Held | None,
) -> Runtime:
    """The runtime of one connection; `held` None where nothing is written."""
    told: set[tuple[str, str]] = set()
    lock = threading.Lock()

    def on_pause(pause: Pause) -> None:
        if pause.bucket:
            budgets.pause(pause.bucket, pause.until, pause.reason)
        if not pause.waits:
            # What ends here is told with its stream.
            return
        # Threads that wait for one limit wait for one pause.
        one = (f"{pause.until:%Y-%m-%d %H:%M}", pause.reason)
        with lock:
            is_news = one not in told
            told.add(one)
        if is_news:
            progress.paused(connection.name, pause.until, pause.reason)
        if held is not None:
            held.pause(pause.until)

    def on_budget(
        bucket: str, limit: int | None, remaining: int | None, reset: datetime | None
    ) -> None:
        budgets.hear(Budget(bucket, limit, remaining, reset))

    return Runtime(
        now=clock.now,
        sleep=sleep,
        on_pause=on_pause,
        on_budget=on_budget,
        closed_until=budgets.closed_until,
        max_wait_seconds=plan.max_wait_seconds,
        reserve=plan.reserve,
        proxy=connection.proxy,
        ca_bundle=connection.ca_bundle,
        timeout_seconds=connection.timeout_seconds,
        max_answer_bytes=connection.max_answer_bytes,
        user_agent=f"driftline/{plan.program_version}" if plan.program_version else "driftline",
    )
