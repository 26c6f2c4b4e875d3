"""Jira's query language, as far as we ask it; times are converted with care."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def millis(moment: datetime) -> int:
    """Epoch milliseconds."""
    return int(moment.timestamp() * 1000)


def from_millis(value: int) -> datetime:
    """The instant (UTC) of epoch milliseconds."""
    return datetime.fromtimestamp(value / 1000, UTC)


def time_literal(moment: datetime, zone: str, *, epoch: bool) -> str:
    """A lower bound: epoch milliseconds where the server takes them, else minutes in `zone`.

    Literals have minute resolution and are read in the profile's zone. Arithmetic happens in UTC
    and the conversion comes last; in the repeated hour of autumn one hour is stepped back, since
    the literal could mean the later one.
    """
    if epoch:
        return str(millis(moment))
    local_zone = ZoneInfo(zone)
    local = moment.astimezone(local_zone)
    other = local.replace(fold=1 - local.fold)
    if other.utcoffset() != local.utcoffset() and other.astimezone(UTC) != moment:
        earlier = (moment - timedelta(hours=1)).astimezone(local_zone)
        local = earlier
    return f'"{local:%Y-%m-%d %H:%M}"'


def conjunction(parts: Iterable[str | None], order: str = "") -> str:
    """Clauses joined by AND, with an order."""
    text = " AND ".join(part for part in parts if part)
    return f"{text} ORDER BY {order}" if order else text


def quoted(text: str) -> str:
    """A JQL string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def in_projects(projects: Mapping[str, str], *, by_id: bool) -> str:
    """Restriction to projects (id -> key): by number, or by quoted key, which old servers read.

    Keys may be reserved words (`SET`, `DO`), hence the quotes.
    """
    names = sorted(projects if by_id else (quoted(key) for key in projects.values()))
    return f"project = {names[0]}" if len(names) == 1 else f"project in ({', '.join(names)})"
