"""The two clocks on the command line: what was so when, by what was known when."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import click

if TYPE_CHECKING:
    from sync.cli.app import App
    from sync.config.settings import Settings

_F = TypeVar("_F", bound=Callable[..., Any])

as_of_option = click.option(
    "--as-of",
    metavar="DATE",
    help="What was so at this day's end or instant (ISO 8601); that of --known-at if not told.",
)
known_at_option = click.option(
    "--known-at",
    metavar="DATE",
    help="By what was known at this day's end or instant; now if not told.",
)


@dataclass(frozen=True, slots=True)
class Clocks:
    """Both clocks of one reading command; instants in UTC."""

    #: when it was so in the world.
    as_of: datetime
    #: when we knew it.
    known_at: datetime
    #: neither was asked for: rows stand as they are.
    present: bool


def clock_options(command: _F) -> _F:
    """Add `--as-of` and `--known-at` to a command; `clocks` reads them."""
    return as_of_option(known_at_option(command))


def clocks(app: "App", settings: "Settings", as_of: str | None, known_at: str | None) -> Clocks:
    """What the two options say.

    A day means its end in the configured zone, and today means now. Raises UsageError for a text
    that is no date, and for an instant to come.
    """
    now, zone = app.clock.now(), settings.root.time_zone
    known = come(known_at, zone, "--known-at", now)
    so = come(as_of, zone, "--as-of", now)
    return Clocks(so or known or now, known or now, so is None and known is None)


def begin(text: str | None, zone: str, option: str, now: datetime) -> datetime | None:
    """The first instant that is asked for: a day means its begin in the configured zone.

    Raises UsageError for a text that is no date, and for an instant to come.
    """
    from sync.errors import UsageError

    found = instant(text, zone, option, at=time.min)
    if found is not None and found > now:
        raise UsageError(f"{text} is to come", where=option, todo="Name a day that has come.")
    return found


def instant(text: str | None, zone: str, option: str, *, at: time = time.max) -> datetime | None:
    """A day means its end (`at`) in the configured zone; without offset it is in that zone."""
    from sync.errors import UsageError

    if text is None:
        return None
    local = ZoneInfo(zone)
    try:
        if _is_day(text):
            day = date.fromisoformat(text)
            return datetime.combine(day, at, local).astimezone(UTC)
        parsed = datetime.fromisoformat(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=local)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{text!r} is no date", where=option, todo="Write it like 2026-03-31."
        ) from error


def come(text: str | None, zone: str, option: str, now: datetime) -> datetime | None:
    """The same for what must not be to come: today means `now`. Raises UsageError."""
    from sync.errors import UsageError

    found = instant(text, zone, option)
    if found is None or found <= now:
        return found
    if text is not None and _is_day(text):
        today = now.astimezone(ZoneInfo(zone)).date()
        if date.fromisoformat(text) == today:
            return now
    raise UsageError(
        f"{text} is an instant to come", where=option, todo="Name a day that has come."
    )


def _is_day(text: str) -> bool:
    return len(text) == 10
