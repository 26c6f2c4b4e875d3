"""Growth that people agreed to, told apart from growth that nobody agreed to; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sync.ledger.ledger import EPSILON, Ledger, Line, LineKind
from sync.ledger.measures import no_drift


@dataclass(frozen=True, slots=True)
class Growth:
    """The additions of one ledger by agreement, in its unit."""

    #: A of items that somebody agreed to, and A of all others.
    agreed: float
    unagreed: float
    #: δ without what was agreed and without what is no drift; None where nothing was planned.
    net: float | None


def growth(ledger: Ledger, since: Mapping[str, datetime]) -> Growth:
    """The additions that were agreed to, and the drift net of them.

    `since`: items that were agreed to, and since when (UTC). An agreement covers the entry of its
    item whenever that was, and changes of its size up to the agreement, not later ones.
    """
    added = [line for line in ledger.lines if line.kind is LineKind.ADDED]
    agreed = sum(line.amount for line in added if line.item_id in since)
    brought: dict[str, float] = {}
    for line in ledger.lines:
        if covers(line, since, ledger.planned):
            brought[line.item_id] = brought.get(line.item_id, 0.0) + line.amount
    # Agreed work that left again brings nothing, and takes nothing from the plan.
    kept = sum(max(amount, 0.0) for amount in brought.values())
    net = None
    if ledger.baseline > EPSILON:
        moved = ledger.current - ledger.baseline - no_drift(ledger)
        net = (moved - kept) / ledger.baseline
    return Growth(agreed, ledger.added - agreed, net)


def covers(line: Line, since: Mapping[str, datetime], planned: frozenset[str]) -> bool:
    """Whether an agreement speaks of this line; `planned`: items of the baseline."""
    agreed = since.get(line.item_id)
    if agreed is None or line.kind is LineKind.SPLIT:
        return False
    if line.kind is LineKind.LATE_SIZED and line.item_id in planned:
        return False
    return line.kind in (LineKind.ADDED, LineKind.REMOVED) or line.at <= agreed
