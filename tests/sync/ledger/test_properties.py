"""What holds for every sequence of events, however odd."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.histories import at

from mappings.vocabulary import ItemType, Priority, StatusCategory
from sync.ledger import agreed, measures
from sync.ledger.ledger import Ledger, LineKind, Unit, compute
from sync.ledger.origin import OriginFacts, explain
from sync.ledger.timeline import Change, ItemHistory, Stay, Track

IDS = ("a", "b", "c", "d")
#: Quarters of a day, so that many things happen at one instant.
DAYS = st.integers(-8, 60).map(lambda quarter: quarter / 4)
SIZES = st.one_of(st.none(), st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0]))
STATUSES = st.sampled_from(list(StatusCategory))
PARENTS = st.one_of(st.none(), st.sampled_from(IDS))
UNITS = st.sampled_from(list(Unit))
END = 16.0


@dataclass(frozen=True)
class Event:
    """One thing that happens to one item."""

    day: float
    item_id: str
    what: str
    value: Any


EVENTS = st.one_of(
    st.builds(Event, DAYS, st.sampled_from(IDS), st.just("points"), SIZES),
    st.builds(Event, DAYS, st.sampled_from(IDS), st.just("status"), STATUSES),
    st.builds(Event, DAYS, st.sampled_from(IDS), st.just("parent"), PARENTS),
    st.builds(Event, DAYS, st.sampled_from(IDS), st.just("member"), st.booleans()),
    st.builds(Event, DAYS, st.sampled_from(IDS), st.just("member"), st.booleans()),
)
FIRST = {"points": None, "status": StatusCategory.TODO, "parent": None}
#: A parent that is split and whole again, sized anew in between.
SPLITS = st.one_of(
    st.builds(Event, DAYS, st.just("a"), st.just("points"), SIZES),
    st.builds(
        Event,
        DAYS,
        st.sampled_from("bc"),
        st.just("parent"),
        st.sampled_from([None, "a"]),
    ),
    st.builds(Event, DAYS, st.sampled_from("bc"), st.just("member"), st.booleans()),
    st.builds(Event, DAYS, st.sampled_from("bc"), st.just("points"), SIZES),
)
ALL_IN = tuple(Event(-9, id_, "member", True) for id_ in "abc")
SCRIPTS = st.one_of(
    st.lists(EVENTS, max_size=24),
    st.lists(SPLITS, min_size=3, max_size=16).map(lambda events: [*ALL_IN, *events]),
).map(lambda events: tuple(sorted(events, key=lambda one: one.day)))


def played(events: Sequence[Event], until: float = END) -> list[ItemHistory]:
    """The histories that these events leave when nothing after `until` has happened yet."""
    found = []
    for id_ in IDS:
        mine = [one for one in events if one.item_id == id_ and one.day <= until]
        tracks = {}
        for what, first in FIRST.items():
            value, changes = first, []
            for one in mine:
                if one.what == what and not (what == "parent" and one.value == id_):
                    changes.append(Change(at(one.day), value, one.value))
                    value = one.value
            tracks[what] = Track.of(changes, value)
        stays: list[Stay] = []
        for one in mine:
            inside = bool(stays) and stays[-1].end is None
            if one.what == "member" and one.value and not inside:
                stays.append(Stay(at(one.day)))
            elif one.what == "member" and not one.value and inside:
                last = stays.pop()
                if last.start < at(one.day):
                    stays.append(last._replace(end=at(one.day), end_cause="event"))
        found.append(
            ItemHistory(id_, tuple(stays), tracks["points"], tracks["status"], tracks["parent"])
        )
    return found


def made(
    items: Sequence[ItemHistory],
    unit: Unit,
    until: float = END,
    since: float = 0,
    counted_from: float | None = None,
) -> Ledger:
    begins = since if counted_from is None else counted_from
    return compute(items, since=at(since), counted_from=at(begins), at=at(until), unit=unit)


def moved(one: Ledger) -> float:
    """A - R + E + L."""
    return one.added - one.removed + one.reestimated + one.late_sized


@given(events=SCRIPTS, unit=UNITS, since=DAYS, grace=st.integers(0, 3), until=DAYS)
def test_the_identity_holds_for_any_sequence_of_events(
    events: Sequence[Event], unit: Unit, since: float, grace: int, until: float
) -> None:
    assume(since <= until)
    one = made(played(events), unit, until, since, since + grace)
    assert one.balanced
    assert one.current == pytest.approx(one.baseline + moved(one))
    assert one.total(LineKind.SPLIT) == pytest.approx(0)
    assert list(one.lines) == sorted(one.lines, key=lambda line: line.at)
    assert all(one.counted_from < line.at <= one.at for line in one.lines)


@given(events=SCRIPTS, unit=UNITS, middle=DAYS)
def test_two_intervals_change_what_their_union_changes(
    events: Sequence[Event], unit: Unit, middle: float
) -> None:
    assume(0 <= middle <= END)
    items = played(events)
    whole = made(items, unit)
    first, then = made(items, unit, middle), made(items, unit, counted_from=middle)
    assert first.current == pytest.approx(then.baseline)
    assert moved(whole) == pytest.approx(moved(first) + moved(then))


@given(events=SCRIPTS, unit=UNITS, until=DAYS)
def test_later_events_change_no_earlier_ledger(
    events: Sequence[Event], unit: Unit, until: float
) -> None:
    assert made(played(events, until), unit, until) == made(played(events), unit, until)


@given(events=SCRIPTS, unit=UNITS, order=st.permutations(range(len(IDS))))
def test_the_order_in_which_items_are_read_does_not_matter(
    events: Sequence[Event], unit: Unit, order: Sequence[int]
) -> None:
    items = played(events)
    assert made([items[i] for i in order], unit) == made(items, unit)


_TRACKS = ("points", "category", "parent")


@given(events=SCRIPTS, unit=UNITS, data=st.data())
def test_a_missing_event_is_noticed_or_changes_nothing(
    events: Sequence[Event], unit: Unit, data: st.DataObject
) -> None:
    """Any event but the first of its field, before which nothing tells what the value was."""
    items = played(events)
    places = [
        (i, name, n)
        for i, one in enumerate(items)
        for name in _TRACKS
        for n in range(1, len(getattr(one, name).changes))
    ]
    assume(places)
    i, name, n = data.draw(st.sampled_from(places))
    track = getattr(items[i], name)
    assume(track.changes[n].at > at(0))
    left = [*track.changes[:n], *track.changes[n + 1 :]]
    spoilt = [*items[:i], items[i]._replace(**{name: Track.of(left, track.held)}), *items[i + 1 :]]
    told, truth = made(spoilt, unit), made(items, unit)
    if told.balanced:
        assert (told.baseline, told.current) == (truth.baseline, truth.current)
        assert moved(told) == pytest.approx(moved(truth))
        assert (told.planned, told.present) == (truth.planned, truth.present)


@given(events=SCRIPTS, unit=UNITS, data=st.data())
def test_an_event_that_is_told_twice_counts_once(
    events: Sequence[Event], unit: Unit, data: st.DataObject
) -> None:
    items = played(events)
    places = [
        (i, name, n)
        for i, one in enumerate(items)
        for name in _TRACKS
        for n, change in enumerate(getattr(one, name).changes)
        if change.old != change.new
    ]
    assume(places)
    i, name, n = data.draw(st.sampled_from(places))
    track = getattr(items[i], name)
    again = [*track.changes[: n + 1], *track.changes[n:]]
    twice = items[i]._replace(**{name: Track.of(again, track.held)})
    assert made([*items[:i], twice, *items[i + 1 :]], unit) == made(items, unit)


@given(
    events=SCRIPTS,
    unit=UNITS,
    links=st.dictionaries(st.sampled_from(IDS), st.frozensets(st.sampled_from(IDS))),
    since=st.dictionaries(st.sampled_from(IDS), DAYS.map(at)),
)
def test_measures_origins_and_agreements_keep_the_sum(
    events: Sequence[Event], unit: Unit, links: Any, since: Any
) -> None:
    # Shares of sizes below nothing have no bounds.
    sound = [
        replace(one, value=abs(one.value)) if one.what == "points" and one.value else one
        for one in events
    ]
    items = {one.id: one for one in played(sound)}
    whole = made(list(items.values()), unit)
    facts = {
        id_: OriginFacts(
            at(1),
            ItemType.FEATURE,
            Priority.LOW,
            items[id_].parent,
            split_with=links.get(id_, frozenset()),
        )
        for id_ in IDS
    }
    explained = explain(whole, facts)
    assert explained.ledger.balanced
    assert moved(explained.ledger) == pytest.approx(moved(whole))
    assert explained.ledger.total(LineKind.SPLIT) == pytest.approx(0)
    assert sum(explained.by_origin.values()) == pytest.approx(explained.ledger.added)
    found = measures.measure(whole, items, at(12))
    assert found.remaining + found.done == pytest.approx(whole.current)
    assert found.reopened is None or 0 <= found.reopened <= 1
    assert found.delivered is None or 0 <= found.delivered <= 1 + 1e-9
    assert found.late_added is None or 0 <= found.late_added <= 1 + 1e-9
    told = agreed.growth(whole, since)
    assert told.agreed + told.unagreed == pytest.approx(whole.added)
    assert not since or told.net is None or told.net <= (found.net_known or 0) + 1e-9
