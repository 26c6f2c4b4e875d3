"""What would help a milestone: which items to leave out, which ones make its date."""

from dataclasses import dataclass

from sync.forecast.explain import Explained, explain
from sync.reconcile.droppable import ranked
from sync.reconcile.forecasts import MilestoneForecast
from sync.reconcile.view import View
from sync.reconcile.words import item_label


@dataclass(frozen=True, slots=True)
class Levers:
    """Answers to "what would change it", with the items by name; restricted ones have none."""

    explained: Explained
    #: the first to leave out for the promised date to be likely.
    drop: tuple[str, ...] = ()
    #: those that make a fixed date, the most important first.
    keep: tuple[str, ...] = ()


def levers(view: View, one: MilestoneForecast) -> Levers | None:
    """What would help; None: nothing was forecast, or it is a program milestone."""
    if one.facts is None or one.silent is not None:
        return None
    told = explain(one.inputs, one.prior, one.made, waits=one.waits)
    if told is None:
        return None
    (plan,) = view.plans([one.facts])
    items = ranked(plan)
    drop: tuple[str, ...] = ()
    if told.to_drop:
        drop = tuple(item_label(item) for item in items[: told.to_drop])
    keep: tuple[str, ...] = ()
    if one.fixed_date and told.fit is not None:
        keep = tuple(item_label(item) for item in list(reversed(items))[: told.fit])
    return Levers(told, drop, keep)
