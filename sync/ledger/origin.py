"""Where an addition came from: the first of drift-spec 1.3's answers that fits; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mappings.vocabulary import ItemType, Priority
from sync.ledger.ledger import Ledger, Line, LineKind


class OriginKind(StrEnum):
    """Origin of work that entered after the baseline."""

    CARRY_OVER = "carried over"
    PULLED_IN = "pulled in"
    SPLIT = "split"
    DEFECT = "defect"
    EXPEDITE = "expedite"
    NEW = "new work"


@dataclass(frozen=True, slots=True)
class OriginFacts:
    """What is known of an item beside its place in this container."""

    created_at: datetime | None
    item_type: ItemType
    priority: Priority
    parent_id: str | None
    #: other containers of the same kind that held it: (from, their due or end instant if known).
    elsewhere: tuple[tuple[datetime, datetime | None], ...] = ()
    #: items it is split or cloned from or into.
    split_with: frozenset[str] = frozenset()
    #: all items it is linked with.
    linked: frozenset[str] = frozenset()


def origin(
    line: Line, facts: OriginFacts, planned: frozenset[str], since: datetime, due: datetime | None
) -> OriginKind:
    """Why this line's item entered; `since` is the baseline, `due` the end of the container."""
    before = [ends for starts, ends in facts.elsewhere if starts < line.at]
    if any(ends is not None and (due is None or ends < due) for ends in before):
        return OriginKind.CARRY_OVER
    if line.reason == "split":
        return OriginKind.SPLIT
    if before or (facts.created_at is not None and facts.created_at < since):
        return OriginKind.PULLED_IN
    if facts.parent_id in planned or facts.split_with & planned:
        return OriginKind.SPLIT
    if facts.item_type is ItemType.DEFECT and facts.linked & planned:
        return OriginKind.DEFECT
    if facts.priority is Priority.EXPEDITE:
        return OriginKind.EXPEDITE
    return OriginKind.NEW


def by_origin(
    ledger: Ledger, facts: Mapping[str, OriginFacts], due: datetime | None
) -> dict[str, float]:
    """Size added per origin, largest first; origins that brought nothing are left out."""
    sums: dict[str, float] = {}
    for line in ledger.lines:
        if line.kind is not LineKind.ADDED or line.item_id not in facts:
            continue
        kind = origin(line, facts[line.item_id], ledger.planned, ledger.since, due)
        sums[kind.value] = sums.get(kind.value, 0.0) + line.amount
    return dict(sorted(sums.items(), key=lambda pair: (-pair[1], pair[0])))
