"""What a person may watch while a run goes on."""

from datetime import datetime
from typing import Protocol


class Progress(Protocol):
    """Notices of a run; every method may be called from several threads."""

    def run_started(self, scopes: int) -> None:
        """So many scopes are going to be read."""

    def stream_started(self, connection: str, scope: str, stream: str) -> None:
        """A stream's reading begins."""

    def page(
        self, connection: str, scope: str, stream: str, records: int, expected: int | None
    ) -> None:
        """A page of so many records is stored; `expected` is for the whole walk, if told."""

    def stream_ended(
        self, connection: str, scope: str, stream: str, outcome: str, reason: str | None
    ) -> None:
        """A stream's reading ended so."""

    def paused(self, connection: str, until: datetime, reason: str) -> None:
        """Requests wait for a limit until then (UTC)."""

    def run_ended(self) -> None:
        """The run is over."""


class Quiet:
    """Watches nothing."""

    def run_started(self, scopes: int) -> None:
        """Ignore."""

    def stream_started(self, connection: str, scope: str, stream: str) -> None:
        """Ignore."""

    def page(
        self, connection: str, scope: str, stream: str, records: int, expected: int | None
    ) -> None:
        """Ignore."""

    def stream_ended(
        self, connection: str, scope: str, stream: str, outcome: str, reason: str | None
    ) -> None:
        """Ignore."""

    def paused(self, connection: str, until: datetime, reason: str) -> None:
        """Ignore."""

    def run_ended(self) -> None:
        """Ignore."""
