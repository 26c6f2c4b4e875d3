"""An epic as a container: below it by the parents that items had, on both clocks."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from support import cases
from support.histories import at, item

from mappings.vocabulary import MilestoneState
from sync.ledger import epics, load
from sync.ledger.epics import Life, stays
from sync.ledger.ledger import Unit, compute
from sync.ledger.load import Container
from sync.store import schema
from sync.store.open import Store, memory_store, open_store

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
MARCH = datetime(2026, 3, 2, tzinfo=UTC)
LIFE = Life(created_at=at(0), seen_at=at(9), whole=True)


def below(parents: Mapping[str, Any], **lives: Life) -> dict[str, list[tuple[Any, Any, bool]]]:
    """(from, to, exact) by item; each parent as its first value and changes."""
    tracks = {id_: item(id_, parent=changes).parent for id_, changes in parents.items()}
    found = stays("E", tracks, {id_: lives.get(id_, LIFE) for id_ in parents})
    return {
        id_: [(one.start, one.end, one.exact) for one in mine]
        for id_, mine in sorted(found.items())
    }


# --- pure -------------------------------------------------------------------------------------


def test_what_no_event_speaks_of_was_there_since_its_creation() -> None:
    assert below({"a": ("E",)}) == {"a": [(at(0), None, True)]}
    assert below({"a": (None,), "b": ("F",)}) == {}


def test_items_come_go_and_come_back() -> None:
    assert below({"a": (None, (2, "E"), (4, "F"), (6, "E"))}) == {
        "a": [(at(2), at(4), True), (at(6), None, True)]
    }


def test_sub_tasks_are_there_as_long_as_their_parent_is_and_is_theirs() -> None:
    found = below({"story": ("E", (5, None)), "task": ("story",), "late": (None, (3, "story"))})
    assert found == {
        "late": [(at(3), at(5), True)],
        "story": [(at(0), at(5), True)],
        "task": [(at(0), at(5), True)],
    }


def test_going_from_story_to_story_is_no_leaving() -> None:
    found = below({"s1": ("E",), "s2": ("E",), "task": ("s1", (4, "s2"))})
    assert found["task"] == [(at(0), None, True)]


def test_a_cut_history_says_since_when_it_is_known() -> None:
    cut = replace(LIFE, whole=False)
    assert below({"a": ("E",)}, a=cut) == {"a": [(at(9), None, False)]}
    assert below({"a": ("E", (3, None))}, a=cut) == {}
    assert below({"a": ("F", (3, "E"))}, a=cut) == {"a": [(at(3), None, True)]}


def test_who_is_gone_is_there_no_more() -> None:
    gone = replace(LIFE, gone_at=at(7), gone_reason="deleted")
    assert below({"a": ("E",)}, a=gone) == {"a": [(at(0), at(7), True)]}


def test_a_circle_ends() -> None:
    found = below({"a": ("E",), "b": ("a",), "c": ("b", (2, "a")), "E": ("c",)})
    assert set(found) == {"a", "b", "c"}
    assert below({"a": ("b",), "b": ("a",)}) == {}


_PARENTS = st.sampled_from([None, "E", "F", "a", "b", "c"])
_TRACK = st.builds(
    lambda first, later: [first, *sorted(later.items())],
    _PARENTS,
    st.dictionaries(st.integers(1, 8), _PARENTS, max_size=3),
)


@given(parents=st.fixed_dictionaries(dict.fromkeys("abc", _TRACK)), day=st.integers(0, 9))
def test_an_item_is_there_while_a_chain_of_parents_leads_to_the_epic(
    parents: Mapping[str, Any], day: int
) -> None:
    tracks = {id_: item(id_, parent=changes).parent for id_, changes in parents.items()}
    found = stays("E", tracks, dict.fromkeys(parents, LIFE))

    def leads(id_: str | None, seen: frozenset[str] = frozenset()) -> bool:
        if id_ == "E":
            return True
        if id_ is None or id_ in seen or id_ not in tracks:
            return False
        return leads(tracks[id_].told(at(day)), seen | {id_})

    there = {id_ for id_, mine in found.items() if any(one.holds(at(day)) for one in mine)}
    assert there == {id_ for id_ in parents if leads(id_)}


# --- out of the store -------------------------------------------------------------------------

WORLD: Mapping[str, Any] = {
    "now": NOW,
    "items": [
        {"id": 10, "type": "epic", "title": "Checkout", "status": "in_progress"},
        {"id": 11, "type": "epic", "title": "Search"},
        {"ids": "1-3", "parent": "10", "points": 3},
        {
            "id": 4,
            "parent": "10",
            "points": 5,
            "events": [{"field": "parent", "at": MARCH, "old": "11", "new": "10", "by": "ada"}],
        },
        {
            "id": 5,
            "parent": "11",
            "points": 8,
            "events": [{"field": "parent", "at": MARCH, "old": "10", "new": "11"}],
        },
        {"ids": "6-7", "type": "subtask", "parent": "3", "points": 2},
    ],
}


@pytest.fixture
def store() -> Iterator[Store]:
    made = memory_store()
    with made.writing() as conn:
        cases.fill(conn, WORLD)
    yield made
    made.close()


def container(
    store: Store, text: str = "APO-10", known_at: datetime = NOW, *, present: bool = True
) -> Container:
    with store.reading() as conn:
        (facts,) = epics.called(conn, [text], known_at, known_at, now=present)[text]
        found = load.containers(
            conn, [facts], known_at=known_at, present=present, as_of=None if present else known_at
        )
    return found[facts.key]


def test_an_epic_holds_what_is_and_what_was_below_it(store_url: str) -> None:
    made = open_store(store_url)
    with made.writing() as conn:
        cases.fill(conn, WORLD)
    found = container(made)
    assert sorted(found.items) == ["1", "2", "3", "4", "5", "6", "7"]
    (came,), (left,) = found.history("4").stays, found.history("5").stays
    assert (came.start, came.end, came.actor_id) == (MARCH, None, "ada")
    assert (left.end, left.end_cause) == (MARCH, "event")
    assert came.event_id is not None
    made.close()


@pytest.mark.full
def test_the_ledger_of_an_epic_counts_leaves(store: Store) -> None:
    """The story with sub-tasks is counted by them; who went to another epic has left."""
    found = container(store)
    ledger = compute(
        found.histories,
        since=MARCH - timedelta(days=5),
        counted_from=MARCH - timedelta(days=5),
        at=NOW,
        unit=Unit.POINTS,
    )
    assert ledger.balanced
    assert (ledger.baseline, ledger.added, ledger.removed, ledger.current) == (18, 5, 8, 15)
    assert ledger.present == {"1", "2", "4", "6", "7"}


def test_what_is_learnt_later_changes_no_older_answer(store: Store) -> None:
    later = NOW + timedelta(days=2)
    with store.writing() as conn:
        conn.execute(
            sa.insert(schema.field_event).values(
                connection_id=cases.CONNECTION,
                work_item_id="1",
                source_event_id="late",
                known_from=later,
                field="parent",
                raw_field="Parent",
                at=NOW,
                old_ids="10",
                new_ids="11",
                is_delta=False,
                origin="source",
            )
        )
        w = schema.work_item.c
        former = dict(
            conn.execute(sa.select(schema.work_item).where(w.source_id == "1")).one()._mapping
        )
        former.pop("content_hash")
        conn.execute(sa.insert(schema.PAST["work_item"]).values(**former, known_to=later))
        conn.execute(sa.update(schema.work_item).where(w.source_id == "1").values(parent_id="11"))
    assert [one.end for one in container(store, known_at=later).history("1").stays] == [NOW]
    before = container(store, known_at=NOW + timedelta(days=1), present=False)
    assert [one.end for one in before.history("1").stays] == [None]


def test_an_epic_is_named_by_its_key_or_title(store: Store) -> None:
    def named(text: str) -> list[str]:
        with store.reading() as conn:
            found = epics.called(conn, [text], NOW, NOW, now=True)
        return [one.source_id for one in found.get(text, ())]

    assert named("APO-10") == named("Checkout") == named("APO:Checkout") == ["10"]
    # Any item with others below it, but not one without.
    assert (named("APO-3"), named("APO-1"), named("nothing")) == (["3"], [], [])


def test_dates_and_state_of_an_epic_are_those_of_its_item_then() -> None:
    moves = [
        {"field": "due_date", "at": MARCH, "old": "2026-03-20", "new": "2026-04-03"},
        {"field": "status", "at": MARCH, "old": "todo", "new": "in_progress"},
    ]
    epic = {"id": 10, "type": "epic", "title": "Checkout", "due": date(2026, 4, 3)}
    made = memory_store()
    with made.writing() as conn:
        cases.fill(
            conn, {"now": NOW, "items": [{**epic, "status": "in_progress", "events": moves}]}
        )

    def then(as_of: datetime) -> tuple[Any, ...]:
        with made.reading() as conn:
            (facts,) = epics.called(conn, ["APO-10"], as_of, NOW, now=True)["APO-10"]
        return facts.due_date, facts.state, [one.new for one in facts.observed]

    active, future = MilestoneState.ACTIVE, MilestoneState.FUTURE
    assert then(NOW) == (date(2026, 4, 3), active, ["2026-03-20", "2026-04-03"])
    assert then(MARCH - timedelta(days=1)) == (date(2026, 3, 20), future, ["2026-03-20"])
    made.close()


def test_the_title_of_a_restricted_epic_stays_where_it_is() -> None:
    made = memory_store()
    with made.writing() as conn:
        hidden = {"id": 10, "type": "epic", "title": "Take over Initech", "restricted": True}
        cases.fill(conn, {"now": NOW, "items": [hidden]})
    with made.reading() as conn:
        (facts,) = epics.called(conn, ["APO-10"], NOW, NOW, now=True)["APO-10"]
        assert facts.name == "APO-10"
        assert not epics.called(conn, ["Take over Initech"], NOW, NOW, now=True)
    made.close()
