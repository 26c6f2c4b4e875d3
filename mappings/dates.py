"""Instants and calendar dates as vendors write them; what makes no sense is None, never a guess."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

_FIRST, _LAST = 1970, 2200
#: Offsets as Jira writes them (`+0530`): to take one off costs half as much as to leave a zone.
_OFFSETS = {
    f"{sign}{minutes // 60:02}{minutes % 60:02}": timedelta(minutes=int(f"{sign}{minutes}"))
    for sign in "+-"
    for minutes in range(0, 15 * 60, 15)
}


def instant(value: Any) -> datetime | None:
    """ISO 8601 with an offset, or epoch milliseconds, as UTC; None if it is neither or absurd."""
    try:
        if isinstance(value, str):
            offset = _OFFSETS.get(value[-5:])
            parsed = datetime.fromisoformat(value if offset is None else f"{value[:-5]}Z")
            if parsed.tzinfo is None:
                return None
            if offset is not None:
                moment = parsed - offset
            else:
                moment = parsed if parsed.tzinfo is UTC else parsed.astimezone(UTC)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            moment = datetime.fromtimestamp(value / 1000, UTC)
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return moment if _FIRST <= moment.year <= _LAST else None


def calendar(value: Any) -> date | None:
    """A calendar date (`YYYY-MM-DD`, a time part is cut); None if it is none or absurd."""
    if not isinstance(value, str) or value[10:11] not in ("", "T", " "):
        return None
    try:
        day = date.fromisoformat(value[:10])
    except ValueError:
        return None
    return day if _FIRST <= day.year <= _LAST else None


def local_date(moment: datetime | None, zone: ZoneInfo) -> date | None:
    """The calendar date of an instant in the configured zone."""
    return None if moment is None else moment.astimezone(zone).date()
