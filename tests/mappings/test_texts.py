"""Versions of descriptions out of stored payloads."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mappings.contents import contents
from mappings.texts import Version, github, gitlab, jira

CREATED = datetime(2026, 1, 5, 9, tzinfo=UTC)
UPDATED = datetime(2026, 3, 5, 9, tzinfo=UTC)
FIRST, SECOND = datetime(2026, 2, 1, 9, tzinfo=UTC), datetime(2026, 2, 9, 9, tzinfo=UTC)


def issue(description: Any, *entries: dict[str, Any], total: int | None = None) -> dict[str, Any]:
    fields = {
        "description": description,
        "created": CREATED.isoformat(),
        "updated": UPDATED.isoformat(),
    }
    count = len(entries) if total is None else total
    return {"id": "1", "fields": fields, "changelog": {"histories": list(entries), "total": count}}


def entry(at: datetime, old: str | None, new: str | None, **other: str) -> dict[str, Any]:
    item = {"field": "description", "fieldtype": "jira", "fromString": old, "toString": new}
    return {"id": str(at), "created": at.isoformat(), "items": [{**item, **other}]}


def says(text: str | None, at: datetime, *, told: bool = True, markup: str = "wiki") -> Version:
    return Version(at, contents(text, markup), told)


def test_a_text_that_was_never_edited_is_as_old_as_its_issue() -> None:
    assert jira(issue("one"), None) == (says("one", CREATED),)


def test_every_edit_is_a_version_in_order_of_time() -> None:
    found = jira(issue("three", entry(SECOND, "two", "three"), entry(FIRST, None, "two")), None)
    assert found == (says(None, CREATED), says("two", FIRST), says("three", SECOND))


def test_an_entry_told_twice_is_one_edit() -> None:
    twice = entry(FIRST, "one", "two")
    assert len(jira(issue("two", twice, twice), None)) == 2


def test_edits_of_other_fields_are_none() -> None:
    other = entry(FIRST, "one", "two", field="summary")
    custom = entry(FIRST, "one", "two", fieldtype="custom")
    named = entry(FIRST, "one", "two", fieldId="customfield_1")
    assert jira(issue("x", other, custom, named), None) == (says("x", CREATED),)


def test_a_cut_log_tells_only_what_was_read() -> None:
    cut = issue("two", entry(FIRST, "one", "two"), total=40)
    assert jira(cut, None) == (says("two", UPDATED, told=False),)
    apart = {"issueId": "1", "complete": False, "histories": []}
    assert jira(cut, apart) == (says("two", UPDATED, told=False),)


def test_a_whole_log_kept_apart_counts() -> None:
    apart = {"issueId": "1", "complete": True, "histories": [entry(FIRST, "one", "two")]}
    bare = issue("two")
    del bare["changelog"]
    assert jira(bare, apart) == (says("one", CREATED), says("two", FIRST))


def test_an_edit_without_a_time_makes_the_log_unusable() -> None:
    lost = {**entry(FIRST, "one", "two"), "created": "?"}
    assert jira(issue("two", lost), None) == (says("two", UPDATED, told=False),)


def test_a_description_that_was_not_read_says_nothing() -> None:
    assert jira({"fields": {}}, None) == ()
    assert github({}, None) == ()
    assert gitlab({}, None) == ()


@pytest.mark.parametrize("stamp", ["updated_at", "updatedAt"])
def test_code_hosts_tell_what_was_read(stamp: str) -> None:
    found = github({"body": "- one", stamp: UPDATED.isoformat()}, None)
    assert found == (says("- one", UPDATED, told=False, markup="markdown"),)
    found = gitlab({"description": None, stamp: UPDATED.isoformat()}, None)
    assert found == (says(None, UPDATED, told=False, markup="markdown"),)
    assert gitlab({"description": "x"}, None)[0].at is None
