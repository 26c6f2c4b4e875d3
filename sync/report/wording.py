"""How dates, numbers and counts are written; English, and the same on every machine."""

import math
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sync.errors import ConfigError

_MINUS = "\N{MINUS SIGN}"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

#: Plain words for the families of detectors; another family is shown by its own name.
FAMILIES = {
    "data": "Data and gaps",
    "plan": "Dates and plan",
    "scope": "Scope",
    "test": "Test evidence",
    "flow": "Flow of work",
}

#: State of a finding in words.
STATES = {
    "already_there": "already there",
    "new": "new",
    "ongoing": "still open",
    "worsened": "worse",
    "improved": "better",
    "resolved": "resolved",
    "regressed": "back again",
    "not_checked": "not checked",
    "suppressed": "held back",
}

#: A shape beside the word, so that colour is never the only sign.
SHAPES = {"critical": "◆", "high": "▲", "medium": "●", "low": "○"}


def zone(name: str) -> ZoneInfo:
    """The time zone called `name` (IANA). Raises ConfigError for one that does not exist."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(
            f"the time zone {clean_name(name)!r} does not exist",
            where="time_zone",
            todo='Write a name such as "Europe/Berlin".',
        ) from error


def clean_name(name: str) -> str:
    """A configured name without anything unprintable."""
    return "".join(char for char in name if char.isprintable())


def day(value: date, today: date | None = None) -> str:
    """`18 Dec 2025`; without the year if it is that of `today`."""
    text = f"{value.day} {_MONTHS[value.month - 1]}"
    return text if today is not None and today.year == value.year else f"{text} {value.year}"


def local_time(value: datetime, time_zone: ZoneInfo) -> datetime:
    """The instant in the given zone; in its own on the first and last day of all."""
    try:
        return value.astimezone(time_zone)
    except OverflowError:
        return value


def moment(value: datetime, time_zone: ZoneInfo) -> str:
    """`Mon 8 Dec 2025, 09:10 CET` in the given zone."""
    local = local_time(value, time_zone)
    name = local.tzname() or ""
    return f"{_DAYS[local.weekday()]} {day(local.date())}, {local:%H:%M} {name}".rstrip()


def number(value: float) -> str:
    """`1,234`, `12.5`; at most one decimal."""
    if not math.isfinite(value):
        return "unknown"
    rounded = round(value, 1)
    if rounded == int(rounded):
        return f"{int(rounded):,}"
    return f"{rounded:,.1f}"


def signed(value: float) -> str:
    """`+3`, `-2.5`, `0`, with a real minus sign."""
    text = number(abs(value))
    if text == "0":
        return "0"
    return f"+{text}" if value > 0 else f"{_MINUS}{text}"


def count(amount: int, one: str, many: str | None = None) -> str:
    """`1 source`, `4 sources`."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"


def percent(ratio: float) -> str:
    """`+24 %` of a ratio, whole percent."""
    whole = round(ratio * 100)
    sign = "+" if whole > 0 else _MINUS if whole < 0 else "±"
    return f"{sign}{abs(whole)} %"


def listing(parts: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def family(detector: str) -> str:
    """Plain words for the family of a detector id `family.name`."""
    head = detector.split(".", 1)[0]
    return FAMILIES.get(head, head)
