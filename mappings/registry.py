"""Which normalizer belongs to which connector: built-ins and entry points, each loaded alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from mappings.records import Lookups, Payload, Record
from mappings.schema import MappingTable
from mappings.texts import READERS, Reader

GROUP = "driftline.mappings"
#: Version of what a mapping is promised and asked: `MappingEntry`, records, vocabulary, helpers.
CONTRACT = 1
#: Connectors whose normalizer is the module of the same name beside this one.
_BUILT_IN = ("github", "gitlab", "jira")


@dataclass(frozen=True, slots=True)
class MappingEntry:
    """What a connector's payloads need to become records."""

    name: str
    normalize: Callable[[str, Payload, MappingTable, Lookups], Sequence[Record]]
    build_lookups: Callable[..., Lookups]
    #: the built-in layer.
    defaults: Traversable
    #: whether histories name milestones by title: `build_lookups` is then handed
    #: `extra["milestones"]`, {title: [source ids]} of the scope, former titles included.
    needs_milestones: bool = False
    #: what its stored payloads tell of descriptions; None: they are not compared.
    texts: Reader | None = None
    #: version of the contract that it was written for; who says nothing was written for the first.
    contract: int = 1


class UnknownMapping(Exception):
    """No normalizer for a connector, or a broken one; the message says which and why."""


def get(name: str) -> MappingEntry:
    """The entry for a connector. Raises UnknownMapping."""
    if name in _BUILT_IN:
        module = import_module(f"mappings.{name}")
        return MappingEntry(
            name,
            module.normalize,
            module.build_lookups,
            files("mappings") / f"{name}.toml",
            getattr(module, "NEEDS_MILESTONES", False),
            READERS[name],
        )
    points = [point for point in entry_points(group=GROUP) if point.name == name]
    if len(points) > 1:
        homes = " and ".join(sorted(point.dist.name if point.dist else "?" for point in points))
        raise UnknownMapping(
            f"mapping {name!r} is brought by {homes}: uninstall all but one of them"
        )
    if points:
        return _load(points[0])
    raise UnknownMapping(f"no mapping is installed for connector {name!r}")


def _load(point: Any) -> MappingEntry:
    try:
        entry = point.load()
    except Exception as error:  # a broken plugin may raise anything; it must not stop the others
        raise UnknownMapping(f"mapping {point.name!r} cannot be loaded: {error!r}") from error
    if not isinstance(entry, MappingEntry):
        raise UnknownMapping(f"mapping {point.name!r} is no MappingEntry")
    if entry.contract != CONTRACT:
        raise UnknownMapping(
            f"mapping {point.name!r} speaks contract {entry.contract}, this driftline speaks "
            f"{CONTRACT}: install a matching version of it"
        )
    return entry
