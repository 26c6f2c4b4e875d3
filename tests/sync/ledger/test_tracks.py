"""An item that rests is judged by its row alone: the same as by all that its events tell."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.histories import at

from mappings.vocabulary import EventField, StatusCategory
from sync.ledger.ledger import Unit, compute
from sync.ledger.timeline import ItemHistory, Stay, place
from sync.ledger.tracks import EventRow, Names, Row, Told
from sync.reconcile.view import leaves_of

STATUSES = {
    "1": StatusCategory.TODO,
    "2": StatusCategory.IN_PROGRESS,
    "3": StatusCategory.DONE,
    "4": StatusCategory.DONE,
    "5": StatusCategory.CANCELLED,
    "6": StatusCategory.UNKNOWN,
}
NAMES = Names(STATUSES, {"f1": "Story Points", "f2": "Size"})
IDS = ("a", "b", "c")
#: Half days, so that many things happen at one instant.
DAYS = st.integers(-6, 12).map(lambda half: half / 2)
STATUS_IDS = st.one_of(st.none(), st.sampled_from([*STATUSES, "7"]))
SIZES = st.sampled_from([None, "", "1", "2.0", "3", "many"])
SIZE_FIELDS = st.sampled_from(["Story Points", "Story Points", "story points", "f1", "Size"])
PARENTS = st.one_of(st.none(), st.sampled_from(IDS))


def event(number: int, name: EventField, day: float, **sides: Any) -> EventRow:
    """One event as a query gives it."""
    raw = sides.get("raw", name.value)
    return (
        "",
        f"{number}",
        name,
        raw,
        at(day),
        "ana",
        sides.get("old"),
        sides.get("new"),
        sides.get("old_text"),
        sides.get("new_text"),
    )


EVENTS = st.one_of(
    st.tuples(st.just(EventField.STATUS), DAYS, STATUS_IDS, STATUS_IDS, st.just("status")),
    st.tuples(st.just(EventField.POINTS), DAYS, SIZES, SIZES, SIZE_FIELDS),
    st.tuples(st.just(EventField.PARENT), DAYS, PARENTS, PARENTS, st.just("parent")),
    st.tuples(st.just(EventField.VERSION), DAYS, st.none(), st.just("v"), st.just("v")),
)


@st.composite
def items(draw: st.DrawFn, id_: str) -> Told:
    """An item as it may stand in a store: often sound, often not."""
    held: dict[EventField, Any] = {
        EventField.STATUS: draw(STATUS_IDS),
        EventField.POINTS: draw(SIZES),
        EventField.PARENT: draw(PARENTS),
        EventField.VERSION: None,
    }
    events: list[EventRow] = []
    drawn = draw(st.lists(EVENTS, max_size=7))
    if draw(st.booleans()):
        drawn.sort(key=lambda one: one[1])
    is_torn = draw(st.integers(0, 4)) == 0
    for number, (name, day, old, new, raw) in enumerate(drawn):
        # Events that follow from each other, unless the source lost some.
        old = old if is_torn else held[name]
        held[name] = new
        if name is EventField.POINTS:
            sides = {"old_text": old, "new_text": new}
        else:
            sides = {"old": old, "new": new}
        events.append(event(number, name, day, raw=raw, **sides))
    status = draw(STATUS_IDS) if draw(st.integers(0, 9)) == 0 else held[EventField.STATUS]
    own = STATUSES.get(status or "", StatusCategory.UNKNOWN)
    # A resolution or a type may make something else of a status.
    category = draw(st.sampled_from(list(StatusCategory))) if draw(st.integers(0, 5)) == 0 else own
    size = held[EventField.POINTS]
    points = float(size) if size and size != "many" else None
    if draw(st.integers(0, 9)) == 0:
        points = 8.0
    row = Row(
        id_, id_.upper(), "An item", "10", "task", "medium", held[EventField.PARENT], None, False,
        None, None, draw(st.sampled_from(["complete", "complete", "complete", "partial"])), None,
        category.value, status, points, draw(st.sampled_from(["f1", "f1", "f2", None])),
    )  # fmt: skip
    return Told(row, draw(st.permutations(events)), NAMES, draw(stays()))


@st.composite
def stays(draw: st.DrawFn) -> tuple[Stay, ...]:
    """One stay or two, seldom of unknown begin or end."""
    days = sorted(draw(st.lists(DAYS, min_size=1, max_size=4, unique=True)))
    is_exact = draw(st.integers(0, 6)) > 0
    gone_by = at(days[-1] + 1) if draw(st.integers(0, 6)) == 0 else None
    found = []
    for first in range(0, len(days), 2):
        end = at(days[first + 1]) if first + 1 < len(days) else None
        found.append(Stay(at(days[first]), end, end and "event", is_exact, gone_by=end and gone_by))
    return tuple(found)


def plain(one: Told) -> ItemHistory:
    """The same without the short way."""
    return ItemHistory(one.id, one.stays, one.points, one.category, one.parent, one.whole)


COMPANIES = st.tuples(*(items(id_) for id_ in IDS))


@given(one=items("a"), day=DAYS, since=DAYS, undone=st.booleans())
def test_what_rests_has_the_place_that_its_events_tell(
    one: Told, day: float, since: float, undone: bool
) -> None:
    full = plain(one)
    assert place(full, at(day), at(since), undone=undone) == place(
        one, at(day), at(since), undone=undone
    )
    if one.rests(at(day)):
        assert not any(instant > at(day) for instant in full.instants())


@given(
    company=COMPANIES,
    since=DAYS,
    grace=st.integers(0, 2),
    until=DAYS,
    unit=st.sampled_from([None, *Unit]),
)
def test_both_ways_make_the_same_ledger(
    company: Sequence[Told], since: float, grace: int, until: float, unit: Unit | None
) -> None:
    def made(some: Sequence[ItemHistory]) -> Any:
        return compute(
            some,
            since=at(since),
            counted_from=at(since) + timedelta(days=grace),
            at=at(until),
            unit=unit,
        )

    short, full = made(company), made([plain(one) for one in company])
    assert full == short
    assert (full.before, full.now) == (short.before, short.now)
    assert [(one.event_id, one.actor_id) for one in full.lines] == [
        (one.event_id, one.actor_id) for one in short.lines
    ]
    assert leaves_of([plain(one) for one in company], at(until)) == leaves_of(company, at(until))
    if short.at == at(until):
        assert leaves_of(company, at(until)) == leaves_of(company, at(until), short.now)


def done(
    *events: EventRow,
    status: str = "3",
    stay: Stay = Stay(at(-9)),  # noqa: B008  # it is frozen
    history: str = "complete",
) -> Told:
    """An item of three points that is done and in from the first day on, after these events."""
    row = Row(
        "a", "A", "An item", "10", "task", "medium", None, None, False, None, None, history,
        None, STATUSES[status].value, status, 3.0, "f1",
    )  # fmt: skip
    return Told(row, events, NAMES, (stay,))


def status(number: int, day: float, old: str, new: str) -> EventRow:
    return event(number, EventField.STATUS, day, old=old, new=new)


def size(number: int, day: float, old: str | None, new: str) -> EventRow:
    return event(number, EventField.POINTS, day, raw="Story Points", old_text=old, new_text=new)


def test_most_items_rest() -> None:
    one = done(size(1, 0, None, "3"), status(2, 1, "1", "2"), status(3, 2, "2", "3"))
    assert one.still is not None
    assert (one.still.moved, one.still.done_since) == (at(2), at(2))
    assert one.still.of_plan(at(1)).done_before is False
    assert one.still.of_plan(at(2)).done_before is True


def test_work_that_goes_on_moves_nothing() -> None:
    one = done(size(1, 0, None, "3"), status(2, 5, "1", "2"), status="2")
    assert one.still is not None
    assert (one.still.moved, one.still.worked) == (at(0), at(5))
    assert one.still.category is StatusCategory.IN_PROGRESS


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(done(status(1, 1, "2", "3"), size(2, 2, "1", "3")), id="sized-after-done"),
        pytest.param(done(status(1, 1, "2", "3"), status(2, 2, "3", "3")), id="done-twice"),
        pytest.param(done(status(1, 1, "1", "2")), id="another-status"),
        pytest.param(done(status(1, 1, "1", "2"), status(2, 1, "2", "3")), id="at-one-instant"),
        pytest.param(done(size(1, 1, "1", "5")), id="another-size"),
        pytest.param(done(size(2, 1, "3", "5"), size(1, 1, None, "3")), id="sized-twice-at-once"),
        pytest.param(done(event(1, EventField.PARENT, 1, old="b")), id="had-a-parent"),
        pytest.param(done(stay=Stay(at(-9), exact=False)), id="begun-unseen"),
        pytest.param(done(stay=Stay(at(-9), at(1), "deleted", gone_by=at(2))), id="ended-unseen"),
        pytest.param(done(history="partial"), id="history-with-gaps"),
        pytest.param(done(status="6"), id="unknown"),
    ],
)  # fmt: skip
def test_what_is_not_certain_is_told_by_its_tracks(one: Told) -> None:
    assert one.still is None
