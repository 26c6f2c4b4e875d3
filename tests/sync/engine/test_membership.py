"""Intervals from events and the present state."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mappings.vocabulary import HistoryState, MilestoneKind
from sync.engine.membership import Change, ItemState, derive
from sync.store.rows import MembershipRow

T0 = datetime(2026, 1, 1, tzinfo=UTC)
VERSION, SPRINT = MilestoneKind.VERSION, MilestoneKind.SPRINT


def at(day: float) -> datetime:
    return T0 + timedelta(days=day)


def state(
    *milestones: tuple[str, str], history: HistoryState = HistoryState.COMPLETE, **values: object
) -> ItemState:
    return ItemState(
        created_at=T0,
        updated_at=at(50),
        milestones=frozenset(milestones),
        history=history,
        **values,  # type: ignore[arg-type]  # given by keyword in each test
    )


def delta(day: float, *, out: tuple[str, ...] = (), into: tuple[str, ...] = ()) -> Change:
    return Change(f"{day}", at(day), frozenset(out), frozenset(into), True)


def sets(day: float, before: tuple[str, ...], after: tuple[str, ...]) -> Change:
    return Change(f"{day}", at(day), frozenset(before), frozenset(after), False)


def intervals(rows: tuple[MembershipRow, ...]) -> list[tuple[str, datetime, datetime | None]]:
    return sorted((row.milestone_id, row.valid_from, row.valid_to) for row in rows)


def test_a_member_without_events_was_one_since_its_creation() -> None:
    rows = derive(state(("version", "1")), [], [], at(60))
    assert intervals(rows) == [("1", T0, None)]
    assert rows[0].cause == "created"
    assert rows[0].from_exact


def test_an_item_that_left_keeps_its_interval() -> None:
    rows = derive(
        state(), [(VERSION, delta(3, into=("1",))), (VERSION, delta(9, out=("1",)))], [], at(60)
    )
    assert intervals(rows) == [("1", at(3), at(9))]
    assert rows[0].end_cause == "event"


def test_moving_away_and_back_gives_two_intervals() -> None:
    """B90: What was taken out and put back was out in between."""
    changes = [
        (VERSION, delta(3, out=("1",), into=("2",))),
        (VERSION, delta(5, out=("2",), into=("1",))),
    ]
    rows = derive(state(("version", "1")), changes, [], at(60))
    assert intervals(rows) == [("1", T0, at(3)), ("1", at(5), None), ("2", at(3), at(5))]


def test_sprint_events_name_the_whole_set() -> None:
    changes = [(SPRINT, sets(2, (), ("7",))), (SPRINT, sets(9, ("7",), ("7", "8")))]
    rows = derive(state(("sprint", "7"), ("sprint", "8")), changes, [], at(60))
    assert intervals(rows) == [("7", at(2), None), ("8", at(9), None)]


def test_two_identical_events_collapse() -> None:
    changes = [(VERSION, delta(3, into=("1",))), (VERSION, delta(4, into=("1",)))]
    rows = derive(state(("version", "1")), changes, [], at(60))
    assert [row.valid_to for row in rows] == [None]


def test_a_cut_history_says_that_the_beginning_is_not_known() -> None:
    rows = derive(state(("version", "1"), history=HistoryState.PARTIAL), [], [], at(60))
    assert intervals(rows) == [("1", at(50), None)]
    assert not rows[0].from_exact
    assert rows[0].cause == "observed"


def test_an_observed_beginning_is_kept_while_it_lasts() -> None:
    first = derive(state(("version", "1"), history=HistoryState.PARTIAL), [], [], at(60))
    later = ItemState(T0, at(70), frozenset({("version", "1")}), HistoryState.PARTIAL)
    assert derive(later, [], first, at(80)) == first


def test_an_observed_membership_that_ended_is_kept_with_its_end() -> None:
    first = derive(state(("version", "1"), history=HistoryState.UNAVAILABLE), [], [], at(60))
    later = ItemState(T0, at(70), frozenset(), HistoryState.UNAVAILABLE)
    assert intervals(derive(later, [], first, at(80))) == [("1", at(50), at(70))]


def test_an_item_that_is_gone_is_in_nothing_any_more() -> None:
    gone = state(("version", "1"), gone_at=at(55), gone_reason="deleted")
    rows = derive(gone, [], [], at(60))
    assert intervals(rows) == [("1", T0, at(55))]
    assert rows[0].end_cause == "deleted"


ids = st.sampled_from(["1", "2", "3"])
flips = st.lists(st.tuples(st.integers(1, 400), ids), max_size=12)


@given(start=st.frozensets(ids), flips=flips)
def test_the_intervals_give_the_truth_at_every_instant(
    start: frozenset[str], flips: list[tuple[int, str]]
) -> None:
    """Whatever happened: replaying the intervals equals replaying the events."""
    members, changes, truth = set(start), [], [(T0, start)]
    for n, (hour, id_) in enumerate(sorted(flips)):
        moment = T0 + timedelta(hours=hour, seconds=n)
        gone, new = ((id_,), ()) if id_ in members else ((), (id_,))
        members = (members - set(gone)) | set(new)
        changes.append((VERSION, Change(f"{n}.0", moment, frozenset(gone), frozenset(new), True)))
        truth.append((moment, frozenset(members)))
    last = ItemState(
        T0, at(50), frozenset(("version", id_) for id_ in members), HistoryState.COMPLETE
    )
    rows = derive(last, changes, [], at(60))
    for moment, expected in truth:
        held = {
            row.milestone_id
            for row in rows
            if row.valid_from <= moment and (row.valid_to is None or moment < row.valid_to)
        }
        assert held == expected
    assert derive(last, changes, rows, at(61)) == rows


@given(
    known=st.frozensets(ids),
    now=st.frozensets(ids),
    events=st.lists(st.tuples(st.frozensets(ids), st.frozensets(ids), st.booleans()), max_size=6),
)
def test_contradicting_events_never_contradict_the_present(
    known: frozenset[str],
    now: frozenset[str],
    events: list[tuple[frozenset[str], frozenset[str], bool]],
) -> None:
    """What a vendor says now is sure, whatever its history claims."""
    changes = [
        (SPRINT, Change(f"{n}.0", at(n + 1), old, new, is_delta))
        for n, (old, new, is_delta) in enumerate(events)
    ]
    current = frozenset(("sprint", id_) for id_ in now)
    rows = derive(ItemState(T0, at(50), current, HistoryState.COMPLETE), changes, [], at(60))
    assert {row.milestone_id for row in rows if row.valid_to is None} == now
    assert all(row.valid_to is None or row.valid_from < row.valid_to for row in rows)
