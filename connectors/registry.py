"""Connectors by name: built-ins and entry points, each loaded alone and only when asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from connectors.contract import CONTRACT, ConnectorEntry

GROUP = "driftline.connectors"
#: name -> module that holds its `ENTRY`.
_BUILT_IN = {
    "github": "connectors.github.entry",
    "gitlab": "connectors.gitlab.entry",
    "jira": "connectors.jira.entry",
}


@dataclass(frozen=True, slots=True)
class BrokenEntry:
    """A plugin that cannot be used, and why in one sentence; the others work."""

    name: str
    reason: str


class UnknownConnector(Exception):
    """No such connector, or one that cannot be used; the message says which and why."""


class BrokenConnector(UnknownConnector):
    """A connector that is installed and cannot be used; the message says why."""


def names() -> tuple[str, ...]:
    """All connector names that are installed, usable or not; nothing is loaded."""
    plugins = {point.name for point in entry_points(group=GROUP)}
    return tuple(sorted({*_BUILT_IN, *plugins}))


def entries() -> Mapping[str, ConnectorEntry | BrokenEntry]:
    """Every connector, loaded one by one."""
    return {name: _load(name) for name in names()}


def get(name: str) -> ConnectorEntry:
    """The connector of this name.

    Raises UnknownConnector with a suggestion, BrokenConnector with the reason.
    """
    # Other packages are looked through for a name that is not our own only.
    if name not in _BUILT_IN and name not in names():
        close = get_close_matches(name, names(), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(names())}"
        raise UnknownConnector(f"there is no connector {name!r}{hint}")
    found = _load(name)
    if isinstance(found, BrokenEntry):
        raise BrokenConnector(found.reason)
    return found


def _load(name: str) -> ConnectorEntry | BrokenEntry:
    if name in _BUILT_IN:
        built_in: ConnectorEntry = import_module(_BUILT_IN[name]).ENTRY
        return built_in
    points = [point for point in entry_points(group=GROUP) if point.name == name]
    if len(points) > 1:
        homes = " and ".join(sorted(point.dist.name if point.dist else "?" for point in points))
        return BrokenEntry(
            name, f"connector {name!r} is brought by {homes}: uninstall all but one of them"
        )
    return _load_plugin(points[0])


def _load_plugin(point: EntryPoint) -> ConnectorEntry | BrokenEntry:
    try:
        entry = point.load()
    except Exception as error:  # noqa: BLE001 - a broken plugin may raise anything
        return BrokenEntry(point.name, f"connector {point.name!r} cannot be loaded: {error!r}")
    if not isinstance(entry, ConnectorEntry):
        return BrokenEntry(point.name, f"connector {point.name!r} is no ConnectorEntry")
    if entry.contract != CONTRACT:
        return BrokenEntry(
            point.name,
            f"connector {point.name!r} speaks contract {entry.contract}, this driftline "
            f"speaks {CONTRACT}: install a matching version of it",
        )
    return entry
