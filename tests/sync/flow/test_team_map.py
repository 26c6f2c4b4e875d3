"""The team map: by hand, hidden below three people, and the same whatever people are called."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sync.flow.people import may_be_told
from sync.flow.team_map import Between, Blocking, TeamItem, team_map


def item(
    number: int, team: str | Sequence[str | None] | None, person: str | None, *, state: str = "open"
) -> TeamItem:
    teams = (team,) if team is None or isinstance(team, str) else tuple(team)
    return TeamItem(
        (1, str(number)),
        teams,
        None if person is None else (1, person),
        is_open=state != "done",
        is_started=state == "started",
    )


# team   items         people
# Pay    1 2 3 4       a b c; 4 came from Web
# Web    5 6 7         d e f; 7 is done and came from Pay over Web to Pay and back
# Ops    8 9           g h: too few
# none   10
ITEMS = (
    item(1, "Pay", "a", state="started"),
    item(2, "Pay", "b"),
    item(3, "Pay", "c"),
    item(4, ("Web", "Pay"), "a"),
    item(5, "Web", "d"),
    item(6, "Web", "e", state="started"),
    item(7, ("Pay", "Web", None, "Pay", "Web"), "f", state="done"),
    item(8, "Ops", "g"),
    item(9, ("Web", "Ops"), "h"),
    item(10, None, "a"),
)
BLOCKINGS = (
    Blocking((1, "5"), (1, "1"), 4.0),
    Blocking((1, "5"), (1, "2"), 10.0),
    Blocking((1, "6"), (1, "2"), None),
    Blocking((1, "8"), (1, "3"), 2.0),
    # Within a team, and of an item that nothing tells of: no line between teams.
    Blocking((1, "1"), (1, "2"), 1.0),
    Blocking((1, "99"), (1, "2"), 1.0),
)
MILESTONES = {"R1": [(1, "1"), (1, "5"), (1, "10")], "R2": [(1, "7")]}


def test_by_hand() -> None:
    found = team_map(ITEMS, BLOCKINGS, MILESTONES)
    ops, pay, web = found.teams
    assert (pay.open_items, pay.started, pay.waiting, pay.holding_up) == (4, 1, 3, 0)
    assert (web.open_items, web.started, web.waiting, web.holding_up) == (2, 1, 0, 2)
    # Hand-offs by item: Pay 0 0 0 1, Web 0 0 3.
    assert pay.handoffs is not None
    assert (pay.handoffs.p50, pay.handoffs.p85) == (0, 1)
    assert web.handoffs is not None
    assert (web.handoffs.p50, web.handoffs.p85) == (0, 3)
    assert (ops.name, ops.hidden, ops.handoffs) == ("Ops", True, None)
    ops_pay, web_pay = found.blocking
    assert ops_pay == Between("Ops", "Pay", None)
    assert (web_pay.first, web_pay.second, web_pay.number) == ("Web", "Pay", 3)
    assert web_pay.days is not None
    assert (web_pay.days.count, web_pay.days.p50, web_pay.days.p85) == (2, 4, 10)
    assert [(one.first, one.second, one.number) for one in found.handed] == [
        ("Pay", "Web", 2),
        ("Web", "Ops", None),
        ("Web", "Pay", 2),
    ]
    first, second = found.spreads
    assert (first.teams, first.without_team) == (("Pay", "Web"), 1)
    assert (second.teams, second.without_team) == ((), 0)
    assert found.without_team == 1


@given(st.permutations(ITEMS), st.permutations(BLOCKINGS))
def test_order_changes_nothing(items: list[TeamItem], blockings: list[Blocking]) -> None:
    assert team_map(items, blockings, MILESTONES) == team_map(ITEMS, BLOCKINGS, MILESTONES)


@given(st.permutations("abcdefgh"))
def test_what_people_are_called_changes_nothing(names: list[str]) -> None:
    other = dict(zip("abcdefgh", (f"anonymous {name}" for name in names), strict=True))
    renamed = [
        replace(one, person=None if one.person is None else (1, other[one.person[1]]))
        for one in ITEMS
    ]
    assert team_map(renamed, BLOCKINGS, MILESTONES) == team_map(ITEMS, BLOCKINGS, MILESTONES)


PEOPLE = st.one_of(st.none(), st.tuples(st.integers(1, 3), st.sampled_from("abcd")))


@given(st.lists(PEOPLE, max_size=12))
def test_fewer_than_three_people_of_one_system_are_never_told(people: list[Any]) -> None:
    most = max(
        (len({one[1] for one in people if one and one[0] == system}) for system in (1, 2, 3)),
        default=0,
    )
    assert may_be_told(people) == (most >= 3)


@given(st.lists(st.tuples(st.sampled_from(["A", "B", None]), PEOPLE), max_size=10))
def test_a_team_of_fewer_than_three_has_a_name_and_no_number(held: list[Any]) -> None:
    items = [TeamItem((1, str(n)), (team,), who, True, False) for n, (team, who) in enumerate(held)]
    ids = [one.id for one in items]
    blockings = [Blocking(a, b, 1.0) for a in ids for b in ids if a < b]
    found = team_map(items, blockings, {})
    hidden = {one.name for one in found.teams if one.hidden}
    for one in found.teams:
        mine = [item.person for item in items if item.team == one.name]
        assert one.hidden == (not may_be_told(mine))
        numbers = (one.open_items, one.started, one.waiting, one.holding_up, one.handoffs)
        assert one.hidden == all(number is None for number in numbers)
    for edge in (*found.blocking, *found.handed):
        if {edge.first, edge.second} & hidden:
            assert (edge.number, edge.days) == (None, None)
