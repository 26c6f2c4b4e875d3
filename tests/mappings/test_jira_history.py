"""Jira's change logs."""

from datetime import UTC, datetime
from typing import Any

import pytest
from support.jira_payloads import change, changelog, entry, every, issues, only, records

from mappings import jira_history
from mappings.records import Account, DataIssue, FieldEvent, History
from mappings.text import identity
from mappings.vocabulary import EventField, HistoryState

AT = "2026-01-06T10:00:00.000+0100"
MOMENT = datetime(2026, 1, 6, 9, tzinfo=UTC)


def event(*items: dict[str, Any]) -> FieldEvent:
    (one,) = only(records("changelogs", changelog(entry("9", AT, *items))), History).events
    return one


def test_a_change_of_status() -> None:
    author = {"accountId": "a1", "displayName": "Ann"}
    raw = changelog(
        entry(
            "9",
            AT,
            change("status", "1", "3", fromString="Open", toString="Doing", fieldId="status"),
            author=author,
        )
    )
    assert records("changelogs", raw) == [
        Account("a1", "Ann"),
        History(
            "10042",
            HistoryState.COMPLETE,
            (
                FieldEvent(
                    "10042",
                    "9.0",
                    EventField.STATUS,
                    "status",
                    MOMENT,
                    "a1",
                    ("1",),
                    ("3",),
                    "Open",
                    "Doing",
                ),
            ),
        ),
    ]


@pytest.mark.parametrize(
    ("raw", "field", "old_ids", "new_ids", "old_text", "new_text", "is_delta"),
    [
        (
            change("Fix Version", None, "20", toString="3.2, final"),
            EventField.VERSION,
            (),
            ("20",),
            None,
            "3.2, final",
            True,
        ),
        (
            change("Sprint", "", "7, 8", fieldtype="custom", fromString="", toString="A, B, C"),
            EventField.SPRINT,
            (),
            ("7", "8"),
            "",
            "A, B, C",
            False,
        ),
        (
            change("Sprint", "7,8", "8", fieldtype="custom"),
            EventField.SPRINT,
            ("7", "8"),
            ("8",),
            None,
            None,
            False,
        ),
        (
            change("Epic Link", None, "10001", fieldtype="custom", toString="SHOP-1"),
            EventField.PARENT,
            (),
            ("10001",),
            None,
            "SHOP-1",
            False,
        ),
        (
            change("Story Points", None, None, fieldtype="custom", fromString="3", toString="5"),
            EventField.POINTS,
            (),
            (),
            "3",
            "5",
            False,
        ),
        (
            change("timeoriginalestimate", "3600", "7200", fromString="1h", toString="2h"),
            EventField.SECONDS,
            (),
            (),
            "3600",
            "7200",
            False,
        ),
        (
            change("duedate", None, "2026-03-31", toString="2026-03-31 00:00:00.0"),
            EventField.DUE_DATE,
            (),
            (),
            None,
            "2026-03-31",
            False,
        ),
        (
            change("Flagged", None, "[10019]", fieldtype="custom", toString="Impediment"),
            EventField.FLAG,
            (),
            (),
            None,
            "Impediment",
            False,
        ),
        (
            change("Key", None, None, fromString="OLD-1", toString="SHOP-7"),
            EventField.KEY,
            (),
            (),
            "OLD-1",
            "SHOP-7",
            False,
        ),
        (
            change("project", "1", "2", fromString="Old", toString="Shop"),
            EventField.PROJECT,
            ("1",),
            ("2",),
            "Old",
            "Shop",
            False,
        ),
        (
            change("assignee", "a1", None, fromString="Ann"),
            EventField.ASSIGNEE,
            ("a1",),
            (),
            "Ann",
            None,
            False,
        ),
        (
            change("labels", None, None, fromString="", toString="web shop"),
            EventField.LABELS,
            (),
            (),
            "",
            "web shop",
            False,
        ),
        (
            change("Link", None, "SHOP-2", toString="This issue blocks SHOP-2"),
            EventField.LINK,
            (),
            (),
            None,
            "This issue blocks SHOP-2",
            False,
        ),
        (
            change("Comment", None, None, toString="x" * 1000),
            EventField.OTHER,
            (),
            (),
            None,
            "x" * 255,
            False,
        ),
    ],
)
def test_each_field_in_its_own_way(
    raw: dict[str, Any],
    field: EventField,
    old_ids: tuple[str, ...],
    new_ids: tuple[str, ...],
    old_text: str | None,
    new_text: str | None,
    is_delta: bool,
) -> None:
    one = event(raw)
    assert one.field is field
    assert (one.old_ids, one.new_ids) == (old_ids, new_ids)
    assert (one.old_text, one.new_text) == (old_text, new_text)
    assert one.is_delta is is_delta


def test_a_description_is_compared_and_not_kept() -> None:
    one = event(change("description", None, None, fromString="Pay *now*", toString=""))
    digest, _ = identity("Pay now")
    assert (one.old_text, one.new_text) == (f"sha256:{digest} tokens:2", None)


@pytest.mark.parametrize("at", [AT, 1767690000000])
def test_the_time_may_be_a_number(at: object) -> None:
    raw = changelog(entry("9", at, change("status", "1", "3")))
    assert only(records("changelogs", raw), History).events[0].at == MOMENT


def test_several_changes_of_one_moment_have_ids_of_their_own() -> None:
    raw = changelog(
        entry("9", AT, change("status", "1", "3"), change("priority", "1", "2")),
        entry("10", AT, change("status", "3", "4")),
    )
    events = only(records("changelogs", raw), History).events
    assert [one.source_event_id for one in events] == ["9.0", "9.1", "10.0"]


def test_an_entry_told_twice_or_in_two_parts_counts_once() -> None:
    first, second = change("status", "1", "3"), change("priority", "1", "2")
    raw = changelog(entry("9", AT, first), entry("9", AT, first, second))
    events = only(records("changelogs", raw), History).events
    assert [(one.source_event_id, one.field) for one in events] == [
        ("9.0", EventField.STATUS),
        ("9.1", EventField.PRIORITY),
    ]


def test_a_cut_history_is_partial_with_the_reason() -> None:
    raw = changelog(complete=False, reason="the server gives 40 of 120 changes")
    one = only(records("changelogs", raw), History)
    assert (one.state, one.reason) == (
        HistoryState.PARTIAL,
        "the server gives 40 of 120 changes",
    )


@pytest.mark.parametrize(
    "bad", [{"id": "9"}, {"created": AT}, {"id": "9", "created": "someday"}, None, "x", []]
)
def test_a_change_that_cannot_be_read_makes_the_history_partial(bad: object) -> None:
    made = records("changelogs", changelog(bad, entry("10", AT, change("status", "1", "3"))))
    one = only(made, History)
    assert (one.state, one.reason) == (HistoryState.PARTIAL, "1 of its changes cannot be read")
    assert [one.source_event_id for one in one.events] == ["10.0"]
    assert [kind for kind, _ in issues(made)] == ["bad-history"]
    assert only(made, DataIssue).subject == "history:10042"


@pytest.mark.parametrize("field", ["Sprint", "Fix Version"])
def test_a_membership_by_name_alone_is_not_guessed(field: str) -> None:
    kind = "custom" if field == "Sprint" else "jira"
    made = records(
        "changelogs",
        changelog(entry("9", AT, change(field, None, None, fieldtype=kind, toString="3.2"))),
    )
    one = only(made, History)
    assert one.state is HistoryState.PARTIAL
    assert one.events == ()
    assert issues(made) == [("bad-history", "3.2")]


def test_no_change_at_all_is_a_complete_history() -> None:
    assert records("changelogs", changelog()) == [History("10042", HistoryState.COMPLETE, ())]


def test_an_author_who_is_gone_is_nobody() -> None:
    made = records("changelogs", changelog(entry("9", AT, change("status", "1", "3"))))
    assert every(made, Account) == []
    assert only(made, History).events[0].actor_id is None


def test_what_is_equal_and_not_the_same_is_told_apart() -> None:
    values: list[Any] = ["1", 1, True, 1.0, "1", ["1"], {"id": "1"}, None]
    changes = [change("status", None, one, toString="Doing") for one in values]
    made = records("changelogs", changelog(entry("9", AT, *changes)))
    told = [one.new_ids for one in only(made, History).events]
    assert told == [("1",), ("1",), (), (), ("1",), (), (), ()]


def test_what_was_read_before_is_forgotten_and_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jira_history, "MEMORY", 2)
    names = ["a", "b", "c", "a", "x" * 300, "a"]
    changes = [change("status", None, "1", toString=one) for one in names]
    made = records("changelogs", changelog(entry("9", AT, *changes)))
    assert [one.new_text for one in only(made, History).events] == [one[:255] for one in names]
