"""Watching a run: a bar on a terminal, plain lines elsewhere, nothing when quiet."""

import sys
import threading
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click

from sync.cli.shown import line
from sync.engine.progress import Progress, Quiet


def choose(quiet: bool, time_zone: str = "UTC") -> Progress:
    """The manner that suits where the output goes; times are told in `time_zone` (IANA)."""
    if quiet:
        return Quiet()
    return Bars(time_zone) if sys.stderr.isatty() else Lines(time_zone)


def paused_words(connection: str, until: datetime, reason: str, time_zone: str) -> str:
    """`github: paused until 14:05 (Europe/Berlin): the limit of requests is reached`."""
    at = until.astimezone(ZoneInfo(time_zone))
    # A pause that ends at 14:05:30 is not over at 14:05.
    at += timedelta(seconds=-at.second % 60)
    return f"{connection}: paused until {at:%H:%M} ({time_zone}): {reason}"


class Lines(Quiet):
    """One plain line per finished stream, on standard error."""

    def __init__(self, time_zone: str = "UTC") -> None:
        """Nothing read yet."""
        self._zone = time_zone
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
        click.echo(line(paused_words(connection, until, reason, self._zone)), err=True)


class Bars(Lines):
    """A live line on a terminal."""

    def __init__(self, time_zone: str = "UTC") -> None:
        """Prepare the display; rich is imported only here."""
        super().__init__(time_zone)
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
            line(paused_words(connection, until, reason, self._zone)), markup=False
        )

    def run_ended(self) -> None:
        """Take the display away."""
        self._live.stop()
