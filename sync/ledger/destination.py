"""Where a removal went, which a reader must not take for less work; pure."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sync.ledger.ledger import Ledger, Line, LineKind
from sync.ledger.origin import ONE_ACT, OriginFacts


class DestinationKind(StrEnum):
    """What became of work that left after the baseline."""

    #: it missed this train and takes a later one; only where the date is fixed and not the scope.
    REPLANNED = "re-planned"
    #: into another container of the same kind.
    MOVED = "moved"
    DUPLICATE = "duplicate"
    CANCELLED = "cancelled"
    #: deleted, moved to another project or out of sight.
    GONE = "gone"
    #: taken out, into no other container that is known.
    LEFT = "left"


def destination(
    line: Line, facts: OriginFacts | None, due: datetime | None, *, fixed_date: bool
) -> DestinationKind:
    """What became of this removal's item.

    `due` (UTC): the end of the container. `fixed_date`: its date stands and its scope may change.
    """
    if line.reason == "cancelled":
        duplicate = facts is not None and facts.duplicates
        return DestinationKind.DUPLICATE if duplicate else DestinationKind.CANCELLED
    if line.reason != "left":
        return DestinationKind.GONE
    taken = [
        one
        for one in (facts.elsewhere if facts is not None else ())
        if one.holds(line.at) or line.at <= one.start <= line.at + ONE_ACT
    ]
    if not taken:
        return DestinationKind.LEFT
    later = due is not None and any(one.closes is not None and one.closes > due for one in taken)
    return DestinationKind.REPLANNED if fixed_date and later else DestinationKind.MOVED


def by_destination(
    ledger: Ledger,
    facts: Mapping[str, OriginFacts],
    due: datetime | None,
    *,
    fixed_date: bool,
) -> dict[str, float]:
    """Size removed (positive) per destination, largest first; those without any are left out."""
    sums: dict[str, float] = {}
    for line in ledger.lines:
        if line.kind is LineKind.REMOVED:
            kind = destination(line, facts.get(line.item_id), due, fixed_date=fixed_date)
            sums[kind.value] = sums.get(kind.value, 0.0) - line.amount
    return dict(sorted(sums.items(), key=lambda pair: (-pair[1], pair[0])))
