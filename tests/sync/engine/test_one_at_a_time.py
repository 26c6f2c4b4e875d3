"""Stays in one milestone at a time, from events that name a title or nothing at all."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mappings.vocabulary import HistoryState, MilestoneKind
from sync.engine.membership import Change, ItemState, derive
from sync.store.rows import NAMELESS, MembershipRow

T0 = datetime(2026, 1, 1, tzinfo=UTC)
MILESTONE = MilestoneKind.MILESTONE


def at(day: float) -> datetime:
    return T0 + timedelta(days=day)


def into(day: float, *ids: str, guess: bool = True) -> tuple[MilestoneKind, Change]:
    return MILESTONE, Change(
        f"in{day}", at(day), frozenset(), frozenset(ids), True, gives=True, is_guess=guess
    )


def out(day: float, *ids: str, guess: bool = True) -> tuple[MilestoneKind, Change]:
    return MILESTONE, Change(
        f"out{day}", at(day), frozenset(ids), frozenset(), True, takes=True, is_guess=guess
    )


def stays(
    *changes: tuple[MilestoneKind, Change],
    now_in: str | None = None,
    known: tuple[MembershipRow, ...] = (),
) -> list[tuple[str, float, float | None]]:
    milestones = frozenset([("milestone", now_in)] if now_in else [])
    state = ItemState(T0, at(50), milestones, HistoryState.COMPLETE)
    rows = derive(state, changes, known, at(60))
    assert all(row.from_exact for row in rows)
    return sorted((row.milestone_id, day(row.valid_from), day(row.valid_to)) for row in rows)


def day(instant: datetime | None) -> float | None:
    return None if instant is None else (instant - T0) / timedelta(days=1)


def test_a_milestone_that_got_another_title_since_holds_its_items_since_they_came() -> None:
    """Found on the simulated company: they were taken for members since their creation."""
    assert stays(into(3), now_in="7") == [("7", 3, None)]


def test_a_title_that_is_that_of_another_milestone_now_puts_nothing_into_it() -> None:
    assert stays(into(3, "9"), now_in="7") == [("7", 3, None)]


def test_what_an_item_is_in_says_nothing_of_events_that_were_read_before_it_moved() -> None:
    """Found on the simulated company: it moved, and left before its history was read."""
    was = MembershipRow(
        milestone_kind=MILESTONE,
        milestone_id="1",
        valid_from=at(3),
        valid_to=None,
        from_exact=True,
        cause="event",
        source_event_id="in3",
        end_cause=None,
        end_event_id=None,
    )
    moved = ItemState(T0, at(50), frozenset([(MILESTONE, "5")]), HistoryState.NOT_FETCHED)
    for known, name in ((was,), "1"), ((), NAMELESS):
        rows = derive(moved, [into(3, "1")], known, at(60))
        found = sorted((row.milestone_id, day(row.valid_from), day(row.valid_to)) for row in rows)
        assert found == sorted([(name, 3, 50), ("5", 50, None)])
        assert [row.from_exact for row in rows if row.milestone_id == "5"] == [False]


def test_who_left_under_a_former_title_was_in_some_milestone() -> None:
    assert stays(into(3), out(5)) == [(NAMELESS, 3, 5)]


def test_one_end_that_is_named_names_the_stay() -> None:
    assert stays(into(3), out(5, "7")) == [("7", 3, 5)]
    assert stays(into(3, "7"), out(5)) == [("7", 3, 5)]


def test_ends_that_name_different_milestones_by_title_name_none() -> None:
    assert stays(into(3, "9"), out(5, "7")) == [(NAMELESS, 3, 5)]


def test_who_read_an_event_while_its_title_was_unmistakable_still_knows() -> None:
    before = (MembershipRow(MILESTONE, "7", at(3), at(5), True, "event", "in3", "event", "out5"),)
    assert stays(into(3), out(5), known=before) == [("7", 3, 5)]


def test_a_direct_change_ends_the_stay_before_it() -> None:
    """GitLab tells the new milestone alone."""
    assert stays(into(3, "1", guess=False), into(5, "2", guess=False), now_in="2") == [
        ("1", 3, 5),
        ("2", 5, None),
    ]


def test_a_stay_in_something_deleted_is_in_nothing_that_is_left() -> None:
    assert stays(into(3, guess=False), out(5, guess=False)) == []


def test_both_events_of_one_second_are_taken_out_of_one_and_into_the_other() -> None:
    wanted = [("1", 3, 5), ("2", 5, None)]
    assert stays(into(3, "1"), into(5, "2"), out(5, "1"), now_in="2") == wanted
    assert stays(into(3, "1"), out(5, "1"), into(5, "2"), now_in="2") == wanted


def test_the_first_event_takes_out_of_what_it_was_created_in() -> None:
    assert stays(out(5, "1"), into(5, "2"), now_in="2") == [("1", 0, 5), ("2", 5, None)]


@given(st.lists(st.sampled_from("123"), max_size=8), st.booleans(), st.data())
def test_hiding_names_makes_no_stay_wrong(path: list[str], left: bool, data: st.DataObject) -> None:
    """Whatever titles are lost: the intervals stay, and each is in its milestone or a nameless."""
    changes, truth, where = [], [], None
    for number, there in enumerate(path):
        if there == where:
            continue
        instant = number + 1.0
        if where is not None:
            named = data.draw(st.booleans())
            changes.append(out(instant, *([where] if named else [])))
            truth[-1] = (where, truth[-1][1], instant)
        named = data.draw(st.booleans())
        changes.append(into(instant + 0.25, *([there] if named else [])))
        truth.append((there, instant + 0.25, None))
        where = there
    if left and where is not None:
        changes.append(out(30.0))
        truth[-1] = (where, truth[-1][1], 30.0)
        where = None
    found = sorted(stays(*changes, now_in=where), key=lambda one: one[1])
    assert [one[1:] for one in found] == [one[1:] for one in truth]
    for ours, so in zip(found, truth, strict=True):
        assert ours[0] in (so[0], NAMELESS)
