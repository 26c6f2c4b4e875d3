"""Real processes that run a command of driftline and may be killed, stopped or starved.

One helper process imports the program once and forks itself for every command: a killed process is
as dead as any other, and costs no second of imports.
"""

import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended; `code` is minus the signal that killed it."""

    code: int
    out: str
    err: str

    @property
    def killed(self) -> bool:
        """Whether it was killed and did not end by itself."""
        return self.code == -signal.SIGKILL


@dataclass(frozen=True, slots=True)
class Child:
    """A process that runs a command."""

    nursery: "Nursery"
    pid: int
    out: Path
    err: Path

    def signal(self, number: int) -> None:
        """Send it a signal; nothing where it has ended."""
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return

    def ended(self) -> int | None:
        """Its code once it has ended, else None; it tells so once."""
        code = self.nursery.ask({"ended": self.pid})["code"]
        return None if code is None else int(code)

    def wait(self) -> Ended:
        """Wait until it has ended."""
        while (code := self.ended()) is None:
            time.sleep(0.01)
        return Ended(code, self.out.read_text("utf-8"), self.err.read_text("utf-8"))


class Nursery:
    """Starts commands as processes of their own."""

    def __init__(self, directory: Path, *, inside: Sequence[str] = ()) -> None:
        """Their output goes to files in `directory`; `inside`: what runs them elsewhere."""
        self._directory, self._count = directory, 0
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [*inside, sys.executable, "-W", "error", str(Path(__file__))],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, order: Mapping[str, Any]) -> Any:
        """One order, one answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def start(
        self, words: Sequence[str], *, cwd: Path, env: Mapping[str, str], **how: Any
    ) -> Child:
        """Run a command.

        `how`: `now` the instant at which its clock stands (ISO), `is_machine` whether that is the
        clock of its host; `die_at` the statement at which it kills itself, `stop_at` the one that
        writes, inside a transaction, at which it stops; `file_size` the most bytes that it may
        write into a file; `user` whose rights it has; `busy_seconds` how long it waits for locks,
        `stalled_seconds` how long a server bears a transaction that stands still; `dead_seconds`
        after how long without a word a worker is taken for dead.
        """
        self._count += 1
        out, err = (self._directory / f"{self._count}.{end}" for end in ("out", "err"))
        answer = self.ask(
            {
                "words": list(words),
                "cwd": str(cwd),
                "env": dict(env),
                "out": str(out),
                "err": str(err),
                **how,
            }
        )
        return Child(self, int(answer["pid"]), out, err)

    def run(self, words: Sequence[str], **how: Any) -> Ended:
        """Run a command to its end."""
        return self.start(words, **how).wait()

    def close(self) -> None:
        """End the helper process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()


@contextmanager
def nursery(directory: Path, *, inside: Sequence[str] = ()) -> Iterator[Nursery]:
    """A nursery that is closed at the end."""
    made = Nursery(directory, inside=inside)
    try:
        yield made
    finally:
        made.close()


# --- the helper process ---------------------------------------------------------------------


#: Everything that a run needs is imported before the first fork.
_NEEDED = (
    "connectors.github.entry",
    "connectors.gitlab.entry",
    "connectors.jira.entry",
    "connectors.github.connector",
    "connectors.gitlab.connector",
    "connectors.jira.connector",
    "connectors.simulator.clock",
    "mappings.github",
    "mappings.gitlab",
    "mappings.jira",
    "gitlab.v4.objects",
    "psycopg",
    "sync.cli.progress",
    "sync.cli.run",
    "sync.cli.sync_",
    "sync.cli.trouble",
    "sync.cli.wiring",
    "sync.config.settings",
    "sync.engine.run",
    "sync.reconcile.derive",
    "sync.reconcile.runner",
    "sync.store.migrate",
    "sync.store.postgres",
    "sqlalchemy.dialects.sqlite",
    "sqlalchemy.dialects.postgresql",
)


def _serve() -> None:
    for name in _NEEDED:
        importlib.import_module(name)
    for line in sys.stdin:
        order = json.loads(line)
        answer: dict[str, int | None]
        if "ended" in order:
            pid, status = os.waitpid(order["ended"], os.WNOHANG)
            answer = {"code": os.waitstatus_to_exitcode(status) if pid else None}
        else:
            pid = os.fork()
            if pid == 0:
                _live(order)
            answer = {"pid": pid}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _live(order: dict[str, Any]) -> None:
    code = 70
    try:
        os.chdir(order["cwd"])
        for name, value in order["env"].items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        for number, path, flags in (
            (0, os.devnull, os.O_RDONLY),
            (1, order["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
            (2, order["err"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        ):
            os.dup2(os.open(path, flags, 0o644), number)
        # Those of before believe that they are what this process was started with.
        sys.stdout, sys.stderr = (
            os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2)
        )
        code = _run(order)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _run(order: dict[str, Any]) -> int:
    from connectors.simulator.clock import Clock
    from sync.cli.app import App
    from sync.cli.main import main
    from sync.clock import SystemClock
    from sync.store import postgres, sqlite

    class Machine(SystemClock):
        def now(self) -> datetime:
            return clock.now()

    class Ticking(SystemClock):
        def now(self) -> datetime:
            clock.advance(timedelta(seconds=order["tick"]))
            return clock.now()

    clock = Clock(datetime.fromisoformat(order["now"]))
    if "die_at" in order:
        _strike_at(order["die_at"], signal.SIGKILL)
    if "stop_at" in order:
        _strike_at(order["stop_at"], signal.SIGSTOP, ("INSERT", "UPDATE"))
    if "busy_seconds" in order:
        sqlite.BUSY_SECONDS = postgres.BUSY_SECONDS = order["busy_seconds"]
    if "stalled_seconds" in order:
        postgres.STALLED_SECONDS = order["stalled_seconds"]
    if "dead_seconds" in order:
        from sync.cli import worker_jobs

        worker_jobs.DEAD_SECONDS = order["dead_seconds"]
        worker_jobs.BEAT_SECONDS = order["dead_seconds"] / 5
    if "file_size" in order:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["file_size"], order["file_size"]))
    if "user" in order:
        os.setresgid(order["user"], order["user"], order["user"])
        os.setresuid(order["user"], order["user"], order["user"])
    told = Ticking() if "tick" in order else Machine() if order.get("is_machine") else clock
    return main(order["words"], app=App(clock=told, sleep=clock.sleep))


def _strike_at(number: int, what: int, kinds: tuple[str, ...] = ("",)) -> None:
    """Send this process a signal as it is about to send its statement of that number."""
    import sqlalchemy as sa
    from sqlalchemy.engine import Engine

    left = [number]

    @sa.event.listens_for(Engine, "before_cursor_execute")
    def count(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        left[0] -= statement.startswith(kinds)
        if left[0] == 0:
            left[0] = -1
            # To this very thread: another one that got it would let this one go on for a while.
            signal.pthread_kill(threading.get_ident(), what)


if __name__ == "__main__":
    _serve()
