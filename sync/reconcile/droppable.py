"""Which open items could be left out first, by a rule that is told; a suggestion, no judgement."""

from collections.abc import Sequence

from mappings.vocabulary import Priority
from sync.ledger.load import ItemFacts
from sync.reconcile.view import Plan

#: The rule in words, as it is shown.
RULE = "what was not planned first, then lowest priority, latest entered, largest"

#: An unknown priority is neither high nor low.
_ORDER = {
    Priority.LOW: 0,
    Priority.MEDIUM: 1,
    Priority.UNKNOWN: 1,
    Priority.HIGH: 2,
    Priority.EXPEDITE: 3,
}


def ranked(plan: Plan) -> Sequence[ItemFacts]:
    """Open items, the first to leave out first."""
    planned = plan.ledger.planned if plan.ledger is not None else frozenset()

    def order(item: ItemFacts) -> tuple[bool, int, float, float, str]:
        history = plan.container.history(item.id)
        entered = max((stay.start.timestamp() for stay in history.stays), default=0.0)
        points = plan.leaves[item.id].points or 0.0
        return (item.id in planned, _ORDER[item.priority], -entered, -points, item.id)

    return sorted(plan.open_items, key=order)
