"""Which connections are read by one job: those of one server, and those of one token."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from sync.config.settings import Settings
from sync.engine.budget import budget_key


@dataclass(frozen=True, slots=True)
class Group:
    """Connections that one job reads, as one run."""

    #: no two jobs with one lock are done at once; the smallest budget key of the group.
    lock: str
    connections: tuple[str, ...]


def groups(settings: Settings) -> tuple[Group, ...]:
    """All connections, each in one group; secrets must have been read.

    A token is in one group only, so that one job at a time asks with it. Connections to one server
    are too, so that what two of them name is read once, as in a run over all of them.
    """
    keys = {name: budget_key(settings.options[name]) for name in settings.root.connections}
    marks = {
        name: {keys[name], f"{one.kind} {_host(settings, name)}"}
        for name, one in settings.root.connections.items()
    }
    return tuple(
        Group(min(keys[name] for name in names), tuple(names)) for names in _joined(marks.items())
    )


def _joined(marked: Iterable[tuple[str, set[str]]]) -> Iterator[list[str]]:
    """Names that share a mark, or share one with a name that does, together and in order."""
    found: list[tuple[list[str], set[str]]] = []
    for name, marks in marked:
        near = [one for one in found if one[1] & marks]
        found = [one for one in found if not one[1] & marks]
        names = [held for one in near for held in one[0]]
        found.append(([*names, name], marks.union(*(one[1] for one in near))))
    return (names for names, _ in found)


def _host(settings: Settings, name: str) -> str:
    url = str(getattr(settings.options[name], "url", None) or "")
    return urlsplit(url).netloc.rpartition("@")[2].lower()
