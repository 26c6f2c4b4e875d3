"""A burst limit as the vendors have them: so many requests in a while, then answers 429."""

import math
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass(slots=True)
class Limit:
    """`size` requests in each `per`, counted apart for each key. Called under the world's lock."""

    size: int = 100
    per: timedelta = timedelta(seconds=1)
    _used: dict[Hashable, tuple[int, int]] = field(default_factory=dict)

    def take(self, key: Hashable, now: datetime, cost: int = 1) -> "Taken":
        """Count one request at `now`, at its `cost`; 0 only looks."""
        window = int(now.timestamp() // self.per.total_seconds())
        started, used = self._used.get(key, (window, 0))
        used = used if started == window else 0
        reset = datetime.fromtimestamp((window + 1) * self.per.total_seconds(), UTC)
        allowed = used < self.size
        used = min(self.size, used + cost) if allowed else used
        self._used[key] = (window, used)
        return Taken(allowed, self.size, self.size - used, reset, reset - now)


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether a request may pass, and what is left."""

    allowed: bool
    limit: int
    remaining: int
    reset: datetime
    wait: timedelta

    @property
    def retry_after(self) -> str:
        """Whole seconds to wait, as the header says it."""
        return str(max(1, math.ceil(self.wait.total_seconds())))

    @property
    def near(self) -> bool:
        """Whether less than a fifth is left, which Jira Cloud tells."""
        return self.remaining * 5 < self.limit
