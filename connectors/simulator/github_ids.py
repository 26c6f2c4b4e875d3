"""GitHub's global ids and cursors, and its ways to write instants and days."""

import base64
import binascii
import re
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from connectors.simulator.odd import OddDate

#: Where the milestones of the web page have their midnight.
PACIFIC = ZoneInfo("America/Los_Angeles")
_NODE = re.compile(r"([A-Z]+)_kgDO([0-9a-f]+)\Z")


def node_id(kind: str, number: int) -> str:
    """The global id of a thing: `R` repository, `I` issue, `PR` pull request, `U` person."""
    return f"{kind}_kgDO{number:08x}"


def parse_node_id(text: str) -> tuple[str, int] | None:
    """(kind, number) of a global id."""
    found = _NODE.match(text)
    return (found[1], int(found[2], 16)) if found else None


def cursor(key: Any) -> str:
    """A cursor after the thing that `key` sorts."""
    return base64.b64encode(b"cursor:v2:" + orjson.dumps(key)).decode()


def parse_cursor(text: str) -> Any:
    """The key of a cursor.

    Raises:
        ValueError: it is none.
    """
    try:
        kind, _, value = base64.b64decode(text, validate=True).partition(b"cursor:v2:")
        if kind:
            raise ValueError(text)
        return orjson.loads(value)
    except binascii.Error as error:
        raise ValueError(text) from error


def instant(at: datetime | None) -> str | None:
    """An instant, in whole seconds of UTC."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def due_on(day: date | None) -> str | None:
    """A day as the instant of its midnight in the Pacific zone."""
    if isinstance(day, OddDate):
        return f"{day.isoformat()}T08:00:00Z"
    return None if day is None else instant(datetime.combine(day, time.min, PACIFIC))


def parse_instant(text: str) -> datetime:
    """An instant of a query.

    Raises:
        ValueError: it is none.
    """
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
