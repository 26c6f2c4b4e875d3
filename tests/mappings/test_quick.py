"""Records made quickly are the records."""

from dataclasses import FrozenInstanceError, dataclass, field, replace
from datetime import UTC, datetime

import pytest

from mappings.quick import quick
from mappings.records import Account, FieldEvent, WorkItem
from mappings.vocabulary import EventField, ItemType, StatusCategory

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sample:
    """A record with every kind of field."""

    name: str
    number: int = 7
    parts: list[str] = field(default_factory=list)


def test_defaults_are_those_of_the_record() -> None:
    made = quick(Sample)("a")
    assert made == Sample("a")
    assert type(made) is Sample
    assert made.parts is not quick(Sample)("b").parts


def test_it_is_frozen_and_can_be_replaced() -> None:
    made = quick(Account)("a1", name="Ann")
    with pytest.raises(FrozenInstanceError):
        made.name = "Bob"  # type: ignore[misc]  # that is what is tested
    assert replace(made, name="Bob") == Account("a1", name="Bob")
    assert hash(made) == hash(Account("a1", name="Ann"))


def test_the_records_it_is_used_for() -> None:
    event = ("1", "9.0", EventField.STATUS, "status", NOW, "a1", ("1",), ("3",))
    assert quick(FieldEvent)(*event) == FieldEvent(*event)
    item = ("1", "A-1", "7", ItemType.TASK, "Task", StatusCategory.TODO, "Open", "1", "t", NOW, NOW)
    assert repr(quick(WorkItem)(*item)) == repr(WorkItem(*item))


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(TypeError, match="missing 1 required"):
        quick(Sample)()  # type: ignore[call-arg]  # that is what is tested
