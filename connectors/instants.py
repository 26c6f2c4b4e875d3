"""Instants as the three vendors write them in JSON."""

from datetime import UTC, datetime
from typing import Any


def instant(value: Any) -> datetime | None:
    """An ISO 8601 text with an offset as UTC; None if it is none, or lies outside the calendar."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
        return None if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
