"""The chain of items that decides a milestone's date; pure.

Of all that open items wait for, the one that ends last decides, and the way from it to the
milestone is what somebody can act on. Where nobody knows when things end, the longest chain of open
items is told, and that it is told by its length only.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import networkx as nx

from sync.forecast.graph import Graph, Item


@dataclass(frozen=True, slots=True)
class Chain:
    """Items in the order in which they have to be done; the last is in the milestone."""

    items: tuple[Item, ...]
    #: whether it is known to end after all else that the milestone needs; False: it is the longest.
    decides: bool

    @property
    def waits_for(self) -> Item:
        """What the milestone's item waits for last: whom to ask."""
        return self.items[0]


def deciding(
    whole: Graph,
    mine: Collection[Item],
    ends: Mapping[Item, float],
    own_end: float | None = None,
) -> Chain | None:
    """The chain that decides when the items `mine` are done; None: none of them waits.

    `ends`: when items outside are expected to be done, as far as that is known (days, any origin);
    infinite: not within what is planned. `own_end`: when the milestone would be done if it waited
    for nobody; a chain that ends before decides nothing and is told as the longest one.
    """
    inside = frozenset(mine)
    behind = {item: whole.behind(item) for item in inside}
    outside = frozenset().union(*behind.values()) - inside if behind else frozenset()
    latest = max(
        (item for item in outside if item in ends),
        key=lambda item: (ends[item], item),
        default=None,
    )
    if latest is not None and (own_end is None or ends[latest] > own_end):
        target = min(
            (item for item in inside if latest in behind[item]),
            key=lambda item: (_distance(whole, latest, item), item),
        )
        return Chain((*_before(whole, latest, inside), *way(whole, latest, target)), True)
    found = longest(whole, inside)
    return Chain(found, False) if len(found) > 1 else None


def longest(whole: Graph, mine: Collection[Item]) -> tuple[Item, ...]:
    """The longest chain of items that are not over and end in one of `mine`; () without any.

    Items of a circle count as one, told by the first of them: their order is anybody's guess.
    """
    inside = frozenset(mine)
    wanted = inside.union(*(whole.behind(item) for item in inside)) if inside else inside
    part = whole.net.subgraph(wanted)
    if not part:
        return ()
    net = nx.condensation(part)
    names = {number: min(data["members"]) for number, data in net.nodes(data=True)}
    best: dict[int, tuple[int, ...]] = {}
    for number in nx.lexicographical_topological_sort(net, key=names.__getitem__):
        ways = [best[before] for before in net.predecessors(number)]
        best_way = min(ways, key=lambda one: (-len(one), [names[each] for each in one]), default=())
        best[number] = (*best_way, number)
    ended = [
        way for number, way in best.items() if not inside.isdisjoint(net.nodes[number]["members"])
    ]
    chosen = min(ended, key=lambda one: (-len(one), [names[each] for each in one]), default=())
    return tuple(names[number] for number in chosen)


def _before(whole: Graph, item: Item, inside: frozenset[Item]) -> tuple[Item, ...]:
    """The longest chain that the item itself waits for, without the item."""
    found = longest(whole, {item})
    # A circle back into the milestone is no chain that leads to it.
    return tuple(one for one in found if one != item) if inside.isdisjoint(found) else ()


def way(whole: Graph, start: Item, end: Item) -> tuple[Item, ...]:
    """The shortest way from an item to one that waits for it, over others; both are in it."""
    found: list[Item] = nx.shortest_path(whole.net, start, end)
    return tuple(found)


def _distance(whole: Graph, start: Item, end: Item) -> int:
    return len(way(whole, start, end))
