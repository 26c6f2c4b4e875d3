"""What was agreed to, by item and by label, on both clocks; and mass edits that were confirmed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from support import cases
from support.cases import At

from mappings.vocabulary import MilestoneKind
from sync.errors import UsageError
from sync.ledger import agreements, load, milestones
from sync.ledger.agreements import Agreed, Confirmation, LabelChange, label_since
from sync.ledger.mass_edit import MassEdit
from sync.store.open import Store

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
KEY = (1, MilestoneKind.VERSION, "v1")
PUT = datetime(2026, 3, 10, 9, tzinfo=UTC)
WORLD: dict[str, Any] = {
    "now": NOW,
    "milestones": [{"id": "v1", "name": "R1", "due": date(2026, 4, 10)}],
    "items": [
        {"ids": "1-3", "in": ["v1"]},
        {
            "id": 4,
            "in": ["v1"],
            "labels": ["Approved", "web"],
            "events": [{"field": "labels", "at": PUT, "old": "web", "new": "Approved web"}],
        },
        {
            "id": 5,
            "in": ["v1"],
            "events": [
                {"field": "labels", "at": PUT, "new": "approved", "delta": True},
                {"field": "labels", "at": PUT + DAY, "old": "approved", "delta": True},
            ],
        },
        {"id": 6, "in": ["v1"], "labels": ["approved"], "created": date(2026, 2, 1)},
        {"id": 7},
    ],
    "aliases": {"OLD-2": "2"},
}


@pytest.fixture
def store() -> Iterator[Store]:
    made = cases.build(WORLD)
    yield made
    made.close()


def say(store: Store, *items: str, at: datetime = NOW, **more: Any) -> Any:
    """Agree to items or labels of R1, told at `at`; since then if not told otherwise."""
    told = {"author": "tpm", "reason": "the board said so", "link": None, "labels": (), **more}
    since = told.pop("since", None)
    return agreements.agree(store, clock=At(at), milestone="R1", items=items, at=since, **told)


def take_back(store: Store, *items: str, at: datetime, labels: tuple[str, ...] = ()) -> None:
    agreements.withdraw(
        store,
        clock=At(at),
        milestone="R1",
        items=items,
        labels=labels,
        author="tpm",
        reason="no longer",
    )


def agreed(
    store: Store, as_of: datetime = NOW + DAY, known_at: datetime = NOW + DAY
) -> dict[str, Agreed]:
    with store.reading() as conn:
        facts = milestones.at(conn, NOW, NOW)[KEY]
        container = load.containers(conn, [facts], known_at=NOW, present=True)[KEY]
        found = agreements.agreed(
            conn, {KEY: container}, as_of=as_of, known_at=known_at, rows_at=known_at
        )
    return found.get(KEY, {})


def test_items_are_named_by_present_or_former_key_in_any_case(store: Store) -> None:
    _, subjects = say(store, "apo-1", "OLD-2", "APO-1", link="https://example.com/7")
    assert [(one.id, one.name, one.inside) for one in subjects] == [
        ("1", "APO-1", True),
        ("2", "APO-2", True),
    ]
    assert agreed(store) == {
        id_: Agreed(NOW, "tpm", "the board said so", "https://example.com/7") for id_ in ("1", "2")
    }


def test_an_item_that_is_not_in_it_yet_may_be_agreed_to(store: Store) -> None:
    _, (subject,) = say(store, "APO-7")
    assert subject.inside is False


def test_nothing_is_kept_of_a_wrong_name(store: Store) -> None:
    with pytest.raises(UsageError, match="APO-99"):
        say(store, "APO-1", "APO-99")
    assert agreed(store) == {}


def test_nothing_is_agreed_in_the_future(store: Store) -> None:
    with pytest.raises(UsageError, match="future"):
        say(store, "APO-1", since=NOW + HOUR)


def test_both_clocks(store: Store) -> None:
    """Agreed on Tuesday, told on Thursday: on Wednesday it was so, and we did not know."""
    tuesday, wednesday = NOW - 2 * DAY, NOW - DAY
    say(store, "APO-1", since=tuesday)
    assert agreed(store, as_of=wednesday).keys() == {"1"}
    assert agreed(store, as_of=wednesday, known_at=wednesday) == {}
    assert agreed(store, as_of=tuesday - HOUR) == {}


def test_what_is_withdrawn_stood_until_then(store: Store) -> None:
    say(store, "APO-1")
    take_back(store, "APO-1", at=NOW + 2 * HOUR)
    assert agreed(store) == {}
    assert agreed(store, as_of=NOW + HOUR).keys() == {"1"}
    assert agreed(store, known_at=NOW + HOUR).keys() == {"1"}
    say(store, "APO-1", at=NOW + 3 * HOUR)
    assert agreed(store)["1"].since == NOW + 3 * HOUR
    assert len(agreements_of(store)) == 2


def agreements_of(store: Store) -> tuple[agreements.Agreement, ...]:
    with store.reading() as conn:
        return agreements.stored(conn, None, NOW + DAY)[KEY]


def test_only_what_stands_can_be_withdrawn(store: Store) -> None:
    with pytest.raises(UsageError, match="APO-1: nothing stands"):
        take_back(store, "APO-1", at=NOW)


def test_agreed_once_more_it_covers_what_the_item_grew_to_by_then(store: Store) -> None:
    say(store, "APO-1")
    say(store, "APO-1", at=NOW + HOUR, reason="once more")
    say(store, "APO-1", at=NOW + HOUR, since=NOW - DAY, reason="remembered late")
    assert (agreed(store)["1"].since, agreed(store)["1"].reason) == (NOW + HOUR, "once more")


def test_a_label_speaks_for_items_from_when_they_got_it(store: Store) -> None:
    say(store, labels=("approved",))
    assert {id_: one.since for id_, one in agreed(store).items()} == {
        "4": PUT,
        "6": datetime(2026, 2, 1, tzinfo=UTC),
    }
    assert agreed(store)["4"].label == "approved"
    assert agreed(store, as_of=PUT + HOUR).keys() == {"4", "5", "6"}
    assert agreed(store, as_of=PUT - HOUR).keys() == {"6"}
    assert agreed(store, known_at=NOW - HOUR) == {}
    take_back(store, labels=("APPROVED",), at=NOW + HOUR)
    assert agreed(store) == {}


def test_an_item_agreed_to_by_itself_is_told_as_that(store: Store) -> None:
    say(store, labels=("approved",))
    say(store, "APO-4", reason="by hand")
    assert (agreed(store)["4"].label, agreed(store)["4"].reason) == (None, "by hand")


def test_a_label_over_time() -> None:
    def change(hours: int, old: str, new: str, *, delta: bool = False) -> LabelChange:
        return LabelChange(
            NOW + hours * HOUR, frozenset(old.split()), frozenset(new.split()), delta
        )

    def since(changes: list[LabelChange], later: list[LabelChange], *, held: bool) -> Any:
        return label_since("a", changes, later, held=held)

    put, taken = change(1, "b", "a b"), change(2, "a b", "b")
    assert since([put], [], held=True) == (True, put.at)
    assert since([put, taken], [], held=False) == (False, None)
    assert since([put], [taken], held=False) == (True, put.at)
    assert since([], [put], held=True) == (False, None)
    assert since([], [taken], held=False) == (True, None)
    assert since([], [], held=True) == (True, None)
    other = change(3, "a b", "a c")
    assert since([], [other], held=False) == (True, None)
    assert since([other], [], held=False) == (True, None)
    assert since([change(3, "", "b", delta=True)], [taken], held=False) == (True, None)


def test_a_confirmation_covers_the_same_change_and_parts_of_it() -> None:
    seen = Confirmation("version", NOW, NOW + HOUR, NOW + DAY, "tpm", None)

    def edit(first: int, last: int, field: str = "version") -> MassEdit:
        return MassEdit(field, NOW + first * HOUR / 4, NOW + last * HOUR / 4, frozenset({"1", "2"}))

    assert seen.covers(edit(0, 4))
    assert seen.covers(edit(1, 3))
    assert not seen.covers(edit(0, 5))
    assert not seen.covers(edit(0, 4, "points"))
