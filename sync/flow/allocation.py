"""Where the work went: shares of what was done, by container and by type; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

#: Work in no container.
NOWHERE = "in none"


@dataclass(frozen=True, slots=True)
class Share:
    """One part of the whole."""

    name: str
    #: items or lines; a part of one where it stands in several containers.
    amount: float
    #: 0 to 1; the shares of one allocation are 1 together.
    share: float


def allocation(work: Iterable[tuple[Sequence[str], float]]) -> tuple[Share, ...]:
    """Shares by name, the largest first.

    `work`: where a piece of work belongs, and how much it is. What belongs to several counts in
    equal parts in each, what belongs to none by a name of its own, so that all of it counts once.
    """
    parts: dict[str, list[float]] = {}
    for names, amount in work:
        held = sorted(set(names)) or [NOWHERE]
        for name in held:
            parts.setdefault(name, []).append(amount / len(held))
    # The order of adding must not show in the last decimals.
    return shares({name: sum(sorted(mine)) for name, mine in parts.items()})


def shares(amounts: Mapping[str, float]) -> tuple[Share, ...]:
    """The same of amounts that are summed up; empty where all of them are nothing."""
    whole = sum(sorted(amounts.values()))
    if whole <= 0:
        return ()
    found = [Share(name, amount, amount / whole) for name, amount in amounts.items() if amount > 0]
    return tuple(sorted(found, key=lambda one: (-one.amount, one.name)))
