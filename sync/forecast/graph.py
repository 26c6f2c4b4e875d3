"""What waits for what, over all systems; pure.

An edge leads from the item that has to be done first to the one that waits for it. Done and
cancelled items hold nobody up and are no part of a graph; an item of which nothing is known is one,
since it may hold somebody up.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import networkx as nx

from sync.ledger.milestones import Key

#: (connection id, item id).
Item = tuple[int, str]


class Standing(StrEnum):
    """What is known of an item at the instant."""

    OPEN = "open"
    #: done or cancelled: it holds nobody up.
    OVER = "over"
    #: deleted, as a look at it proved: it holds nobody up.
    GONE = "gone"
    #: of a project that is not read, hidden, or of a status that nobody mapped.
    UNKNOWN = "unknown"

    @property
    def holds_up(self) -> bool:
        """Whether who waits for it may still have to."""
        return self in (Standing.OPEN, Standing.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Dependency:
    """One claim that an item waits for another one."""

    blocker: Item
    blocked: Item
    #: `declared` by the vendor, `sub_issue`, `change` (what a change that works on it says).
    method: str
    #: 0 to 1: an order of how far it may be trusted, no probability.
    confidence: float
    #: the words or the kind of link that say so.
    evidence: str


@dataclass(frozen=True, slots=True)
class Graph:
    """Who waits for whom among what is not over."""

    #: what is known of each item that an edge names.
    standing: Mapping[Item, Standing]
    #: between items that hold up or are held up; the most trusted claim of each pair, in a fixed
    #: order.
    edges: tuple[Dependency, ...]
    #: items that are said to wait for themselves: no reason to wait.
    selfish: frozenset[Item] = frozenset()
    #: the same as a directed graph.
    net: "nx.DiGraph[Item]" = field(default_factory=nx.DiGraph, compare=False, repr=False)

    def blockers(self, item: Item) -> tuple[Item, ...]:
        """What an item waits for directly."""
        return tuple(sorted(self.net.predecessors(item))) if item in self.net else ()

    def behind(self, item: Item) -> frozenset[Item]:
        """All that it waits for, over others too; never the item itself."""
        return frozenset(nx.ancestors(self.net, item)) if item in self.net else frozenset()

    def claim(self, blocker: Item, blocked: Item) -> Dependency:
        """The claim of one edge. Raises KeyError where there is none."""
        found: Dependency = self.net.edges[blocker, blocked]["claim"]
        return found

    def cycles(self) -> tuple[tuple[Item, ...], ...]:
        """Items that wait for each other in a circle: one shortest circle per tangle of them.

        Each begins with its first item and goes on with who waits for that.
        """
        found = []
        for tangle in nx.strongly_connected_components(self.net):
            if len(tangle) > 1:
                found.append(_shortest(self.net.subgraph(tangle)))
        return tuple(sorted(found))

    def order(self) -> tuple[Item, ...]:
        """Every item after what it waits for; those of a circle stand together."""
        whole = nx.condensation(self.net)
        names = {number: min(data["members"]) for number, data in whole.nodes(data=True)}
        return tuple(
            item
            for number in nx.lexicographical_topological_sort(whole, key=names.__getitem__)
            for item in sorted(whole.nodes[number]["members"])
        )


def graph(claims: Iterable[Dependency], standing: Mapping[Item, Standing]) -> Graph:
    """The graph of these claims. An item of no `standing` is unknown."""
    net: nx.DiGraph[Item] = nx.DiGraph()
    best: dict[tuple[Item, Item], Dependency] = {}
    selfish: set[Item] = set()
    known: dict[Item, Standing] = {}
    for one in claims:
        if one.blocker == one.blocked:
            selfish.add(one.blocker)
            continue
        ends = {end: standing.get(end, Standing.UNKNOWN) for end in (one.blocker, one.blocked)}
        known.update(ends)
        if not all(each.holds_up for each in ends.values()):
            continue
        pair = (one.blocker, one.blocked)
        held = best.get(pair)
        if held is None or _trust(one) < _trust(held):
            best[pair] = one
    for (blocker, blocked), claim in sorted(best.items()):
        net.add_edge(blocker, blocked, claim=claim)
    return Graph(known, tuple(best[pair] for pair in sorted(best)), frozenset(selfish), net)


def waits_of(
    whole: Graph, containers: Mapping[Key, Collection[Item]]
) -> dict[Key, dict[Item, frozenset[Item]]]:
    """What open items of each milestone wait for outside of it, over others too.

    Milestone -> what it waits for -> its own items that do. `containers` holds the open items of
    each milestone. An item that is in two milestones holds neither of them up.
    """
    found: dict[Key, dict[Item, frozenset[Item]]] = {}
    for key, items in containers.items():
        mine = frozenset(items)
        waiting: dict[Item, set[Item]] = {}
        for item in sorted(mine):
            for blocker in whole.behind(item) - mine:
                waiting.setdefault(blocker, set()).add(item)
        if waiting:
            found[key] = {one: frozenset(waiting[one]) for one in sorted(waiting)}
    return found


def in_order(
    waits: Mapping[Key, Mapping[Item, Collection[Item]]], containers: Mapping[Key, Collection[Item]]
) -> tuple[tuple[Key, ...], ...]:
    """Milestones, each after those that it waits for; what waits in a circle is one group.

    A milestone that is alone in its group can be simulated with the ends of all that it waits for;
    inside of a group of several nobody's end is known before the other's.
    """
    homes: dict[Item, list[Key]] = {}
    for key, items in containers.items():
        for item in items:
            homes.setdefault(item, []).append(key)
    net: nx.DiGraph[Key] = nx.DiGraph()
    net.add_nodes_from(sorted(containers))
    for key, mine in waits.items():
        for blocker in mine:
            net.add_edges_from((home, key) for home in homes.get(blocker, ()) if home != key)
    whole = nx.condensation(net)
    names = {number: min(data["members"]) for number, data in whole.nodes(data=True)}
    return tuple(
        tuple(sorted(whole.nodes[number]["members"]))
        for number in nx.lexicographical_topological_sort(whole, key=names.__getitem__)
    )


def _trust(one: Dependency) -> tuple[float, str, str]:
    return (-one.confidence, one.method, one.evidence)


def _shortest(tangle: "nx.DiGraph[Item]") -> tuple[Item, ...]:
    """The shortest way from an item of the tangle back to itself, the first of equals."""
    best: tuple[Item, ...] | None = None
    for start in sorted(tangle):
        # Backwards from its blockers: the way that leads to the item's own blocker is shortest.
        back = nx.single_source_shortest_path(tangle, start)
        ways = [back[end] for end in tangle.predecessors(start)]
        way = min((tuple(one) for one in ways), key=lambda one: (len(one), one))
        if best is None or len(way) < len(best):
            best = way
        if len(best) == 2:
            break
    assert best is not None
    return best
