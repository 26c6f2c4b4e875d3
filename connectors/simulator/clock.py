"""The simulated present; it moves only when told, and fills the servers' Date header."""

import threading
import time
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


class Going(Clock):
    """A virtual clock that goes on by itself, as fast as any."""

    def __init__(self, start: datetime) -> None:
        """Begin at `start`, and go."""
        super().__init__(start)
        self._started = time.monotonic()

    def now(self) -> datetime:
        """The simulated present, in whole seconds."""
        return super().now() + timedelta(seconds=int(time.monotonic() - self._started))


class Skewed:
    """The clock of a machine that is off; waiting takes as long as on any other."""

    def __init__(self, clock: Clock, by: timedelta) -> None:
        """`by`: how far it is ahead; below zero, behind."""
        self._clock, self._by = clock, by

    def now(self) -> datetime:
        """What this machine takes for the present."""
        return self._clock.now() + self._by

    def sleep(self, seconds: float) -> None:
        """Let simulated time pass."""
        self._clock.sleep(seconds)
