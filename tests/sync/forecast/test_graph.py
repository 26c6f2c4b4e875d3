"""Who waits for whom, in circles and chains, and which milestone comes first."""

from itertools import pairwise
from typing import Any

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from mappings.vocabulary import MilestoneKind
from sync.forecast.chain import Chain, deciding, longest
from sync.forecast.graph import Dependency, Graph, Item, Standing, graph, in_order, waits_of
from sync.ledger.milestones import Key

A, B, C, D, E = ((1, one) for one in "ABCDE")
OTHER: Item = (2, "A")


def wait(blocker: Item, blocked: Item, method: str = "declared", trust: float = 1.0) -> Dependency:
    return Dependency(blocker, blocked, method, trust, f"{blocker} blocks {blocked}")


def of(*claims: Dependency, **standing: Standing) -> Graph:
    ends = {end for one in claims for end in (one.blocker, one.blocked)}
    known = {end: standing.get(end[1], Standing.OPEN) for end in ends}
    return graph(claims, known)


def milestone(name: str) -> Key:
    return (1, MilestoneKind.VERSION, name)


R1, R2, R3 = milestone("R1"), milestone("R2"), milestone("R3")


def test_what_is_over_or_gone_holds_nobody_up() -> None:
    made = of(wait(A, C), wait(B, C), wait(D, C), A=Standing.OVER, B=Standing.GONE)
    assert made.blockers(C) == (D,)
    assert made.standing[A] is Standing.OVER


def test_who_is_done_waits_for_nobody() -> None:
    assert of(wait(A, B), B=Standing.OVER).edges == ()


def test_an_unknown_blocker_may_hold_up() -> None:
    made = graph([wait(A, B)], {B: Standing.OPEN})
    assert made.blockers(B) == (A,)
    assert made.standing[A] is Standing.UNKNOWN


def test_to_wait_for_oneself_is_no_reason_to_wait() -> None:
    made = of(wait(A, A), wait(A, B))
    assert made.selfish == {A}
    assert made.blockers(A) == ()
    assert made.cycles() == ()


def test_of_several_claims_about_a_pair_the_most_trusted_stands() -> None:
    made = of(wait(A, B, "text", 0.5), wait(A, B), wait(A, B, "change", 0.4))
    assert [one.method for one in made.edges] == ["declared"]
    assert made.claim(A, B).confidence == 1.0


def test_systems_have_items_of_one_id() -> None:
    made = graph([wait(OTHER, A)], dict.fromkeys((OTHER, A), Standing.OPEN))
    assert made.behind(A) == {OTHER}


def test_a_circle_is_told_once_and_as_short_as_it_is() -> None:
    made = of(wait(A, B), wait(B, C), wait(C, A), wait(C, D), wait(D, C))
    assert made.cycles() == ((C, D),)
    assert of(wait(A, B), wait(B, C), wait(C, A)).cycles() == ((A, B, C),)
    assert of(wait(A, B), wait(B, C), wait(C, A), A=Standing.OVER).cycles() == ()


def test_a_milestone_waits_for_what_is_outside_of_it_over_others_too() -> None:
    made = of(wait(A, B), wait(B, C), wait(D, C))
    waits = waits_of(made, {R1: [C, D], R2: [B], R3: [A]})
    assert waits == {R1: {A: {C}, B: {C}}, R2: {A: {B}}}


def test_milestones_come_after_those_that_they_wait_for() -> None:
    made = of(wait(A, B), wait(B, C))
    containers = {R1: [C], R2: [B], R3: [A]}
    assert in_order(waits_of(made, containers), containers) == ((R3,), (R2,), (R1,))


def test_milestones_that_wait_for_each_other_are_one_group() -> None:
    made = of(wait(A, B), wait(C, D), wait(A, E))
    containers = {R1: [B, C], R2: [A, D], R3: [E]}
    assert in_order(waits_of(made, containers), containers) == ((R1, R2), (R3,))


# --- the chain that decides ------------------------------------------------------------------


def test_the_latest_end_outside_decides() -> None:
    made = of(wait(A, C), wait(B, C))
    assert deciding(made, [C], {A: 3.0, B: 9.0}, 5.0) == Chain((B, C), True)


def test_what_ends_before_the_own_work_decides_nothing() -> None:
    made = of(wait(A, C), wait(B, C))
    assert deciding(made, [C], {A: 3.0, B: 9.0}, 12.0) == Chain((A, C), False)


def test_the_chain_begins_where_nobody_waits_any_more() -> None:
    made = of(wait(A, B), wait(B, C), wait(C, D))
    assert deciding(made, [D], {C: 9.0}) == Chain((A, B, C, D), True)


def test_without_any_end_the_longest_chain_is_told_as_such() -> None:
    made = of(wait(A, B), wait(B, D), wait(C, D))
    assert deciding(made, [D], {}) == Chain((A, B, D), False)


def test_what_waits_for_nobody_has_no_chain() -> None:
    made = of(wait(A, B))
    assert deciding(made, [A], {B: 3.0}) is None
    assert deciding(made, [E], {}) is None
    assert deciding(made, [], {}) is None


def test_a_circle_ends_a_chain_and_not_the_program() -> None:
    made = of(wait(A, B), wait(B, A), wait(B, C))
    assert longest(made, [C]) == (A, C)
    found = deciding(made, [C], {B: 9.0})
    assert found is not None
    assert found.decides
    assert found.items[-2:] == (B, C)


ITEMS = st.builds(lambda n: (1, str(n)), st.integers(0, 7))
CLAIMS = st.lists(st.builds(wait, ITEMS, ITEMS), max_size=20)
KNOWN = st.dictionaries(ITEMS, st.sampled_from(Standing))


@given(CLAIMS, KNOWN, st.randoms())
def test_no_order_of_what_is_read_changes_what_is_said(
    claims: list[Dependency], known: dict[Item, Standing], random: Any
) -> None:
    mixed = list(claims)
    random.shuffle(mixed)
    one, other = graph(claims, known), graph(mixed, known)
    assert one.edges == other.edges
    assert one.cycles() == other.cycles()
    assert one.order() == other.order()
    for item in one.standing:
        assert longest(one, [item]) == longest(other, [item])


@given(CLAIMS, KNOWN)
def test_cycles_are_cycles_and_without_any_order_is_an_order(
    claims: list[Dependency], known: dict[Item, Standing]
) -> None:
    made = graph(claims, known)
    edges = {(one.blocker, one.blocked) for one in made.edges}
    for circle in made.cycles():
        assert all(pair in edges for pair in pairwise((*circle, circle[0])))
        assert len(set(circle)) == len(circle)
    assert bool(made.cycles()) is not nx.is_directed_acyclic_graph(made.net)
    if not made.cycles():
        place = {item: number for number, item in enumerate(made.order())}
        assert all(place[blocker] < place[blocked] for blocker, blocked in edges)


@given(CLAIMS, KNOWN, st.dictionaries(ITEMS, st.floats(0, 100)), st.frozensets(ITEMS))
def test_a_chain_is_a_chain_into_the_milestone(
    claims: list[Dependency], known: dict[Item, Standing], ends: dict[Item, float], mine: Any
) -> None:
    made = graph(claims, known)
    found = deciding(made, mine, ends)
    if found is None:
        return
    assert len(set(found.items)) == len(found.items) >= 2
    if not made.cycles():
        edges = {(one.blocker, one.blocked) for one in made.edges}
        assert all(pair in edges for pair in pairwise(found.items))
        assert found.items[-1] in mine
