"""An item is found by any key that it has or had, gone or not."""

from collections.abc import Iterator

import pytest
from support.store import at, connection, event, item, writer

from mappings.records import History
from mappings.vocabulary import EventField, HistoryState
from sync.errors import UsageError
from sync.reconcile.item import Absence, called, is_key
from sync.store.open import Store, memory_store
from sync.store.rows import Fate


@pytest.fixture
def store() -> Iterator[Store]:
    made = memory_store()
    connection(made)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("APO-12", True),
        ("apo-12", True),
        ("acme/web#7", True),
        ("group/sub/name!4", True),
        ("3f9a0c", False),
        ("123", False),
        ("APO", False),
    ],
)
def test_a_key_is_no_fingerprint(text: str, expected: bool) -> None:
    assert is_key(text) is expected


def test_an_item_that_moved_is_one_row_with_two_keys(store: Store) -> None:
    """B77, B78: Rows go by the immutable id; a former key is another name of the same item."""
    with writer(store) as first:
        first.work_items([item("1", key="APO-1", former_keys=("OLD-9",))])
    with writer(store, now=at(1)) as second:
        second.work_items([item("1", key="ORI-3", updated_at=at(1))])
        moved = event("1", "5.0", field=EventField.KEY, old_text="MID-2")
        second.histories([History("1", HistoryState.COMPLETE, (moved,))])
    for key in ("ORI-3", "APO-1", "old-9", "MID-2"):
        (found,) = called(store, key)
        assert (found.key, found.gone) == ("ORI-3", None)
        assert found.former_keys == ("APO-1", "OLD-9", "MID-2")


def test_a_key_that_was_given_anew_names_its_present_holder_first(store: Store) -> None:
    with writer(store) as first:
        first.work_items([item("1", key="APO-1")])
        first.work_items([item("1", key="ORI-1", updated_at=at(1))])
        first.work_items([item("2", key="APO-1")])
    assert [one.key for one in called(store, "APO-1")] == ["APO-1", "ORI-1"]


def test_absences_stay_told_when_they_are_over(store: Store) -> None:
    with writer(store) as first:
        first.work_items([item("1", key="APO-1", restricted=True)])
    with writer(store, now=at(1)) as second:
        second.tombstones({"1": Fate("hidden", None, "said so")})
    with writer(store, now=at(2)) as third:
        third.work_items([item("1", key="APO-1", restricted=True)])
    with writer(store, now=at(3)) as fourth:
        fourth.tombstones({"1": Fate("moved", "ORI-1")})
    (found,) = called(store, "APO-1")
    assert found.title is None
    assert found.absences == (
        Absence(at(1), at(2), "hidden", None, "said so"),
        Absence(at(3), None, "moved", "ORI-1", ""),
    )
    assert found.gone == found.absences[1]


def test_a_key_that_nobody_has_is_one_clear_message(store: Store) -> None:
    with pytest.raises(UsageError, match="nothing has or had this key"):
        called(store, "APO-404")
