"""Days and instants that a person types, and the two clocks they set."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from sync.cli.app import App
from sync.cli.instants import clocks, instant
from sync.errors import UsageError

NOW = datetime(2026, 3, 31, 10, 0, tzinfo=UTC)


@dataclass(frozen=True)
class At:
    """A clock that stands."""

    at: datetime = field(default=NOW)

    def now(self) -> datetime:
        """Always the same."""
        return self.at


def settings(zone: str = "UTC") -> Any:
    """As much of the configuration as the clocks read."""
    return SimpleNamespace(root=SimpleNamespace(time_zone=zone))


@pytest.mark.parametrize(
    ("text", "zone", "meant"),
    [
        # A day means its end, in the configured zone.
        ("2026-03-31", "UTC", datetime(2026, 3, 31, 23, 59, 59, 999999, UTC)),
        ("2026-03-31", "Europe/Berlin", datetime(2026, 3, 31, 21, 59, 59, 999999, UTC)),
        ("2026-03-31T10:00", "Europe/Berlin", datetime(2026, 3, 31, 8, 0, tzinfo=UTC)),
        ("2026-03-31T10:00Z", "Europe/Berlin", datetime(2026, 3, 31, 10, 0, tzinfo=UTC)),
        ("2026-03-31T10:00+05:30", "UTC", datetime(2026, 3, 31, 4, 30, tzinfo=UTC)),
    ],
)
def test_instant(text: str, zone: str, meant: datetime) -> None:
    assert instant(text, zone, "--as-of") == meant


def test_nothing_told() -> None:
    assert instant(None, "UTC", "--as-of") is None


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "31.03.2026", ""])
def test_no_date(text: str) -> None:
    with pytest.raises(UsageError, match="is no date"):
        instant(text, "UTC", "--as-of")


def test_neither_told_is_the_present() -> None:
    found = clocks(App(clock=At()), settings(), None, None)
    assert (found.as_of, found.known_at, found.present) == (NOW, NOW, True)


def test_what_was_so_follows_what_was_known() -> None:
    found = clocks(App(clock=At()), settings(), None, "2026-03-02T08:00")
    assert found.as_of == found.known_at == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert not found.present


def test_what_was_known_is_now_if_not_told() -> None:
    found = clocks(App(clock=At()), settings(), "2026-03-02T08:00", None)
    assert (found.as_of, found.known_at) == (datetime(2026, 3, 2, 8, tzinfo=UTC), NOW)
    assert not found.present


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati"])
def test_today_has_come_only_until_now(zone: str) -> None:
    day = "2026-03-31" if zone == "UTC" else "2026-04-01"
    assert clocks(App(clock=At()), settings(zone), day, None).as_of == NOW


@pytest.mark.parametrize("text", ["2026-04-01", "2026-03-31T10:00:01", "9999-12-31"])
def test_an_instant_to_come(text: str) -> None:
    with pytest.raises(UsageError, match="to come"):
        clocks(App(clock=At()), settings(), None, text)
