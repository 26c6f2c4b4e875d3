"""Items that decide when a judged milestone is done: what is late among them makes it late."""

from sync.forecast.chain import deciding
from sync.forecast.graph import waits_of
from sync.ledger.milestones import Key
from sync.reconcile import waiting
from sync.reconcile.flow_facts import Pair
from sync.reconcile.view import View

#: Without a known end outside, a chain of fewer open items than this decides nothing.
LONG = 3


def on_chain(view: View) -> frozenset[Pair]:
    """Items on the chain that decides when a judged open milestone is done.

    That is the one whose end outside is expected after all else; where nobody says when things end,
    the longest one, if it is long.
    """
    of = waiting.blockers(view)
    if not of.graph.edges:
        return frozenset()
    plans = {plan.facts.key: plan for plan in view.plans(o for o in view.judged if o.state.is_open)}
    mine: dict[Key, tuple[Pair, ...]] = {
        key: tuple((key[0], id_) for id_ in plan.open_ids) for key, plan in plans.items()
    }
    outside = waits_of(of.graph, mine)
    homes = waiting.homes(view, {item for one in outside.values() for item in one})
    medians = waiting.medians(
        view, {one.key: one for held in homes.values() for one in held}.values()
    )
    found: set[Pair] = set()
    for key, own in mine.items():
        ends: dict[Pair, float] = {}
        for blocker in outside.get(key, ()):
            expected = waiting.expected(homes.get(blocker, ()), medians)
            if expected is not None:
                ends[blocker] = float((expected.day - view.today).days)
        due = plans[key].facts.due_date
        own_end = None if due is None else float((due - view.today).days)
        chain = deciding(of.graph, own, ends, own_end)
        if chain is not None and (chain.decides or len(chain.items) >= LONG):
            found.update(chain.items)
    return frozenset(found)
