"""Watching a run: a bar on a terminal, plain lines elsewhere, nothing when quiet."""

import sys
import threading
from datetime import datetime
from typing import Any

import click

from sync.cli.shown import line
from sync.engine.progress import Progress, Quiet


def choose(quiet: bool) -> Progress:
    """The manner that suits where the output goes."""
    if quiet:
        return Quiet()
    return Bars() if sys.stderr.isatty() else Lines()


class Lines(Quiet):
    """One plain line per finished stream, on standard error."""

    def __init__(self) -> None:
        """Nothing read yet."""
        self._lock = threading.Lock()
        self._records: dict[tuple[str, str, str], int] = {}

    def page(
        self, connection: str, scope: str, stream: str, records: int, expected: int | None
    ) -> None:
        """Count."""
        with self._lock:
            key = (connection, scope, stream)
            self._records[key] = self._records.get(key, 0) + records

    def stream_ended(
        self, connection: str, scope: str, stream: str, outcome: str, reason: str | None
    ) -> None:
        """Tell what came, and why it is not all."""
        count = self._records.get((connection, scope, stream), 0)
        tail = f": {reason}" if reason else ""
        told = f"{connection} {scope} {stream}: {outcome}, {count} records{tail}"
        click.echo(line(told), err=True)

    def paused(self, connection: str, until: datetime, reason: str) -> None:
        """Tell a wait instead of being silent."""
        click.echo(line(f"{connection}: paused until {until:%H:%M:%S} UTC: {reason}"), err=True)


class Bars(Lines):
    """A live line on a terminal."""

    def __init__(self) -> None:
        """Prepare the display; rich is imported only here."""
        super().__init__()
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Live

        self._live = Live(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            console=Console(stderr=True, highlight=False),
            transient=True,
        )
        self._tasks: dict[tuple[str, str, str], Any] = {}

    def run_started(self, scopes: int) -> None:
        """Show the display."""
        self._live.start()

    def stream_started(self, connection: str, scope: str, stream: str) -> None:
        """Add a bar."""
        with self._lock:
            key = (connection, scope, stream)
            self._tasks[key] = self._live.add_task(line(" ".join(key)), total=None)

    def page(
        self, connection: str, scope: str, stream: str, records: int, expected: int | None
    ) -> None:
        """Move the bar."""
        super().page(connection, scope, stream, records, expected)
        task = self._tasks.get((connection, scope, stream))
        if task is not None:
            self._live.update(task, advance=records, total=expected)

    def stream_ended(
        self, connection: str, scope: str, stream: str, outcome: str, reason: str | None
    ) -> None:
        """Take the bar away; trouble stays on the screen."""
        with self._lock:
            task = self._tasks.pop((connection, scope, stream), None)
        if task is not None:
            self._live.remove_task(task)
        if outcome not in ("complete", "unavailable"):
            self._live.console.print(
                line(f"{connection} {scope} {stream}: {outcome}: {reason}"), markup=False
            )

    def paused(self, connection: str, until: datetime, reason: str) -> None:
        """Tell a wait."""
        self._live.console.print(
            line(f"{connection}: paused until {until:%H:%M:%S} UTC: {reason}"), markup=False
        )

    def run_ended(self) -> None:
        """Take the display away."""
        self._live.stop()
