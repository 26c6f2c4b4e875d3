"""What scope detectors say about the lines of a ledger; pure."""

from collections.abc import Iterable

from sync.ledger.ledger import REMAINING_WORK, Ledger, Line, LineKind, Unit
from sync.reconcile.contract import Evidence
from sync.reconcile.view import Plan, View
from sync.reconcile.words import capped_by, count, day_of, item_evidence, size


def amount(number: float, unit: Unit) -> str:
    """`5 points`, `1 item`."""
    if unit is Unit.ITEMS:
        return count(round(number), "item")
    return f"{size(number)} {'point' if number == 1 else 'points'}"


def proofs(plan: Plan, ledger: Ledger, lines: Iterable[Line], view: View) -> tuple[Evidence, ...]:
    """One proof per line, in order of time."""

    def proof(line: Line) -> Evidence:
        return item_evidence(
            plan.container.items[line.item_id],
            f"{_words(line)} on {day_of(line.at, view.calendar)}{_size(line, ledger.unit)}",
            at=line.at,
            source=f"issue:{line.item_id}",
        )

    return capped_by(proof, list(lines), "change")


_REASONS = {
    "entered": "entered",
    "revived": "was taken up again",
    "reopened": "was reopened",
    "left": "left",
    "cancelled": "was cancelled",
    "split": "was split",
    "sized": "got its first estimate",
    "re-sized": "was re-sized",
    REMAINING_WORK: "was lowered to what was left",
}


def _words(line: Line) -> str:
    if line.kind is LineKind.REMOVED and line.reason not in _REASONS:
        return f"left ({line.reason.replace('_', ' ')})"
    return _REASONS.get(line.reason, line.reason)


def _size(line: Line, unit: Unit) -> str:
    if unit is Unit.ITEMS:
        return ""
    sign = "+" if line.amount > 0 else "-" if line.amount < 0 else "±"
    return f" ({sign}{amount(abs(line.amount), unit)})"
