"""What labels say about an item, where a system has no statuses, types or priorities of its own.

Where several labels speak, the answer does not depend on their order: the status furthest along,
the most urgent priority, the kind of item that plans care most about; then the first by name.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from mappings.schema import MappingTable, StatusRule
from mappings.vocabulary import ItemType, Priority, StatusCategory

_Meaning = TypeVar("_Meaning")

_FURTHEST = (
    StatusCategory.CANCELLED,
    StatusCategory.DONE,
    StatusCategory.IN_REVIEW,
    StatusCategory.IN_PROGRESS,
    StatusCategory.TODO,
    StatusCategory.UNKNOWN,
)
_KINDS = (
    ItemType.EPIC,
    ItemType.INCIDENT,
    ItemType.DEFECT,
    ItemType.FEATURE,
    ItemType.TASK,
    ItemType.SUBTASK,
    ItemType.UNKNOWN,
)


def status_of(labels: Iterable[str], mapping: MappingTable) -> tuple[str, StatusRule] | None:
    """The status that labels give an open item: (label folded, rule); None if they give none."""
    found = _spoken(labels, mapping.status_labels)
    return min(found, key=lambda one: (_FURTHEST.index(one[1].category), one[0]), default=None)


def type_of(labels: Iterable[str], mapping: MappingTable) -> tuple[str, ItemType] | None:
    """The kind of item that labels tell: (label folded, kind); None if they tell none."""
    return _first(_spoken(labels, mapping.type_labels), _KINDS)


def priority_of(labels: Iterable[str], mapping: MappingTable) -> tuple[str, Priority] | None:
    """The urgency that labels tell: (label folded, priority); None if they tell none."""
    return _first(_spoken(labels, mapping.priority_labels), tuple(Priority))


def _spoken(labels: Iterable[str], meanings: Mapping[str, _Meaning]) -> list[tuple[str, _Meaning]]:
    if not meanings:
        return []
    held = {one.casefold() for one in labels}
    return [(label, meanings[label]) for label in sorted(held & meanings.keys())]


def _first(
    found: Sequence[tuple[str, _Meaning]], order: Sequence[_Meaning]
) -> tuple[str, _Meaning] | None:
    return min(found, key=lambda one: (order.index(one[1]), one[0]), default=None)
