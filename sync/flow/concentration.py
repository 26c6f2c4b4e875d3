"""How much rests on one person; pure. A risk for the work, and no measure of anybody."""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

#: Fewer people than this are never told of in numbers.
FEW_PEOPLE = 3
#: Avelino et al., "A novel approach for estimating truck factors" (2016): weights of the degree of
#: authorship, and from which of it somebody knows a file.
_BASE, _FIRST, _OWN, _OTHERS = 3.293, 1.098, 0.164, 0.321
_SHARE_OF_BEST = 0.75
#: The work is orphaned when more than this share of its files is.
_ORPHANED = 0.5


class Spread(NamedTuple):
    """Events over those who made them."""

    events: int
    people: int
    #: who made most of them; of equals, the first by id.
    top: str
    #: share of these, 0 to 1.
    share: float
    #: Herfindahl-Hirschman index: the sum of squared shares, 1 where one person made all.
    hhi: float


def spread(makers: Iterable[str]) -> Spread | None:
    """How events are spread over their makers; None: there are none."""
    counts: dict[str, int] = {}
    for one in makers:
        counts[one] = counts.get(one, 0) + 1
    if not counts:
        return None
    total = sum(counts.values())
    top = min(counts, key=lambda one: (-counts[one], one))
    hhi = sum((number / total) ** 2 for number in counts.values())
    return Spread(total, len(counts), top, counts[top] / total, hhi)


class Touch(NamedTuple):
    """A change that landed and touched a file."""

    path: str
    author: str
    at: datetime
    #: it brought the file.
    added: bool


def authors(touches: Iterable[Touch]) -> dict[str, frozenset[str]]:
    """Who knows each file, by the degree of authorship of those who changed it."""
    by_path: dict[str, list[Touch]] = {}
    for one in touches:
        by_path.setdefault(one.path, []).append(one)
    found: dict[str, frozenset[str]] = {}
    for path, mine in by_path.items():
        first = min((one for one in mine if one.added), key=lambda one: one.at, default=None)
        own: dict[str, int] = {}
        for one in mine:
            own[one.author] = own.get(one.author, 0) + 1
        degrees = {
            who: _BASE
            + _FIRST * (first is not None and first.author == who)
            + _OWN * number
            - _OTHERS * math.log(1 + len(mine) - number)
            for who, number in own.items()
        }
        best = max(degrees.values())
        found[path] = frozenset(
            who for who, one in degrees.items() if one > _SHARE_OF_BEST * best and one >= _BASE
        ) or frozenset(who for who, one in degrees.items() if one == best)
    return found


def truck_factor(known: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """The fewest people without whom nobody knows more than half of the files, as found greedily.

    `known`: who knows each file. Empty: there is no file.
    """
    left = {path: set(who) for path, who in known.items()}
    gone: list[str] = []
    while left and sum(not who for who in left.values()) <= _ORPHANED * len(left):
        counts: dict[str, int] = {}
        for who in left.values():
            for one in who:
                counts[one] = counts.get(one, 0) + 1
        next_ = min(counts, key=lambda one: (-counts[one], one))
        gone.append(next_)
        for who in left.values():
            who.discard(next_)
    return tuple(gone)
