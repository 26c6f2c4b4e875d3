"""The simulated present; it moves only when told, and fills the servers' Date header."""

import threading
from datetime import datetime, timedelta


class Clock:
    """A virtual clock (aware UTC)."""

    def __init__(self, start: datetime) -> None:
        """Begin at `start`."""
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The simulated present."""
        with self._lock:
            return self._now

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        with self._lock:
            self._now += by

    def sleep(self, seconds: float) -> None:
        """Waiting lets simulated time pass and takes none."""
        self.advance(timedelta(seconds=seconds))
