"""What all parts of one run share."""

import threading
from dataclasses import dataclass, field
from datetime import datetime

from sync.clock import Clock
from sync.engine.plan import Plan
from sync.engine.progress import Progress
from sync.engine.runtime import Held
from sync.store.open import Store


@dataclass(frozen=True, slots=True)
class Problem:
    """Trouble of a run that a person should know of."""

    what: str
    where: str
    todo: str
    connection: str
    scope: str = ""
    stream: str = ""
    #: 4 source partial or failed; 75 busy.
    exit_code: int = 4


@dataclass(slots=True)
class Context:
    """One run."""

    store: Store
    plan: Plan
    clock: Clock
    run_id: int
    holder: str
    progress: Progress
    held: Held
    started_at: datetime
    #: forget cursors and read everything again.
    full: bool = False
    #: take a census now, whether due or not.
    census: bool = False
    #: instant at which the run yields (UTC); None = never.
    deadline: datetime | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    problems: list[Problem] = field(default_factory=list)

    def report(self, problem: Problem) -> None:
        """Remember a problem, once."""
        with self._lock:
            if problem not in self.problems:
                self.problems.append(problem)

    def why_stop(self) -> str | None:
        """Why reading should yield now, or None."""
        if self.stop.is_set():
            return "the run was interrupted; the next one goes on from here"
        if self.deadline is not None and self.clock.now() >= self.deadline:
            return "the time box of the run is used up; the next one goes on from here"
        return None
