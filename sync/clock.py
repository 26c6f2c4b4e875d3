"""The one clock: handed over, never read from a global, so that tests and the demo can fix it."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the present as an aware UTC instant."""

    def now(self) -> datetime:
        """The present (UTC)."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present (UTC)."""
        return datetime.now(UTC)
