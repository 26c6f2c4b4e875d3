"""What descriptions said: noted from stored payloads, kept as hashes and counts, on both clocks."""

import hashlib
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from support.store import START, Raw, at, connection, event, item, rows, writer

from mappings.contents import contents, drift
from mappings.records import History
from mappings.vocabulary import EventField, HistoryState
from sync.ledger import texts
from sync.store import schema
from sync.store.open import Store, open_store
from sync.store.tables_texts import item_text

pytestmark = pytest.mark.full_on_postgres

PROJECT = "10000"
DAY = 24 * 60


@pytest.fixture
def store(store_url: str) -> Any:
    found = open_store(store_url)
    connection(found)
    yield found
    found.close()


def as_github(store: Store) -> None:
    with store.writing() as conn:
        conn.execute(sa.update(schema.connection).values(kind="github"))


def read(store: Store, body: str, minute: float, *, restricted: bool = False) -> None:
    """A reading of item 1 by a code host, changed at that minute."""
    payload = {"body": body, "updated_at": at(minute).isoformat()}
    keep(store, payload, body, minute, restricted=restricted)


def keep(
    store: Store,
    payload: dict[str, Any],
    text: str,
    minute: float,
    *,
    restricted: bool = False,
    history: HistoryState = HistoryState.COMPLETE,
) -> None:
    now = at(minute)
    with writer(store, now=now) as one:
        one.raw(PROJECT, [Raw("1", json.dumps(payload).encode(), updated_at=now)])
        digest = hashlib.sha256(text.encode()).hexdigest()
        row = item("1", text_hash=digest, updated_at=now, restricted=restricted, history=history)
        one.work_items([row])


def note(store: Store, minute: float, **options: Any) -> int:
    with store.writing() as conn:
        return texts.refresh(conn, at(minute), {1: ["1"]}, **options)


LATE = at(99 * DAY)


def held(store: Store, known_at: datetime = LATE) -> tuple[texts.Text, ...]:
    with store.reading() as conn:
        return texts.load(conn, {1: ["1", "2"]}, known_at).get((1, "1"), ())


def test_two_readings_are_two_versions_since_their_last_change_at_the_latest(store: Store) -> None:
    as_github(store)
    read(store, "one two three", 10)
    assert note(store, DAY) == 1
    read(store, "one two four", 2 * DAY)
    assert note(store, 3 * DAY) == 1
    first, second = held(store)
    assert (first.valid_from, second.valid_from) == (at(10), at(2 * DAY))
    assert not first.told
    assert drift(first.contents, second.contents).changed == 2
    assert texts.at((first, second), at(9)) is None
    assert texts.at((first, second), at(DAY)) == first
    assert texts.at((first, second), at(2 * DAY)) == second
    # What was known then stays as it was.
    assert held(store, at(2 * DAY)) == (first,)
    assert held(store, at(DAY) - timedelta(seconds=1)) == ()


@pytest.mark.full_on_postgres
def test_an_unchanged_text_writes_nothing(store: Store) -> None:
    as_github(store)
    read(store, "one two three", 10)
    assert note(store, DAY) == 1
    assert note(store, 2 * DAY) == 0
    read(store, "one two three", 3 * DAY)
    assert note(store, 4 * DAY) == 0


@pytest.mark.full_on_postgres
def test_a_text_in_another_form_is_the_same_version(store: Store) -> None:
    as_github(store)
    read(store, "- [ ] one\n- [ ] two", 10)
    note(store, DAY)
    read(store, "- [x] one\n- [ ] **two**", 2 * DAY)
    note(store, 3 * DAY)
    (one,) = held(store)
    assert (one.valid_from, one.known_from) == (at(10), at(3 * DAY))
    # It is not looked at again for its new form.
    assert note(store, 4 * DAY) == 0


@pytest.mark.full_on_postgres
def test_neither_words_nor_lines_are_kept_unless_asked_for(store: Store) -> None:
    as_github(store)
    read(store, "the secret invoice", 10)
    note(store, DAY)
    stored = rows(store, item_text)
    assert "invoice" not in repr(stored)
    assert held(store)[0].contents.lines == ()
    read(store, "the secret card", 2 * DAY)
    note(store, 3 * DAY, keep_lines=True)
    assert held(store)[-1].contents.lines == ("the secret card",)


@pytest.mark.full_on_postgres
def test_lines_of_a_restricted_item_are_never_kept(store: Store) -> None:
    as_github(store)
    read(store, "the secret invoice", 10, restricted=True)
    note(store, DAY, keep_lines=True)
    assert held(store)[0].contents.lines == ()


def jira(text: str, *edits: tuple[float, str, str], updated: float = 10) -> dict[str, Any]:
    entries = [
        {
            "id": str(minute),
            "created": at(minute).isoformat(),
            "items": [
                {"field": "description", "fieldtype": "jira", "fromString": a, "toString": b}
            ],
        }
        for minute, a, b in edits
    ]
    return {
        "fields": {
            "description": text,
            "created": START.isoformat(),
            "updated": at(updated).isoformat(),
        },
        "changelog": {"total": len(entries), "histories": entries},
    }


@pytest.mark.full_on_postgres
def test_a_history_tells_versions_from_before_the_first_reading(store: Store) -> None:
    keep(store, jira("three", (50, "one", "two"), (70, "two", "three")), "three", 80)
    assert note(store, 100) == 3
    found = held(store)
    assert [one.valid_from for one in found] == [START, at(50), at(70)]
    assert all(one.told and one.known_from == at(100) for one in found)
    assert found[0].contents == contents_without_lines("one")
    assert note(store, 101) == 0


def contents_without_lines(text: str, markup: str = "wiki") -> Any:
    return replace(contents(text, markup), lines=())


@pytest.mark.full_on_postgres
def test_a_later_edit_is_a_version_more(store: Store) -> None:
    keep(store, jira("two", (50, "one", "two")), "two", 80)
    note(store, 100)
    keep(store, jira("three", (50, "one", "two"), (120, "two", "three")), "three", 130)
    # The new version; and the one before, which is the newest no more, stays as it is.
    assert note(store, 140) == 1
    assert [one.valid_from for one in held(store)] == [START, at(50), at(120)]
    assert [one.valid_from for one in held(store, at(110))] == [START, at(50)]


@pytest.mark.full_on_postgres
def test_while_a_history_is_incomplete_what_it_told_stands(store: Store) -> None:
    keep(store, jira("two", (50, "one", "two")), "two", 80)
    note(store, 100)
    bare = jira("three", updated=120)
    del bare["changelog"]
    keep(store, bare, "three", 130, history=HistoryState.NOT_FETCHED)
    assert note(store, 140) == 0
    assert [one.valid_from for one in held(store)] == [START, at(50)]


@pytest.mark.full_on_postgres
def test_a_history_that_comes_later_tells_what_was_only_read(store: Store) -> None:
    bare = jira("two", (50, "one", "two"), updated=80)
    log = bare.pop("changelog")
    keep(store, bare, "two", 80, history=HistoryState.NOT_FETCHED)
    note(store, 100)
    assert [(one.valid_from, one.told) for one in held(store)] == [(at(80), False)]
    keep(store, {**bare, "changelog": log}, "two", 90)
    with writer(store, now=at(90)) as one:
        edit = event("1", "e1", field=EventField.DESCRIPTION, at=at(50))
        one.histories([History("1", HistoryState.COMPLETE, (edit,))])
    note(store, 110)
    assert [(one.valid_from, one.told) for one in held(store)] == [(START, True), (at(50), True)]
    assert note(store, 120) == 0


@pytest.mark.full_on_postgres
def test_a_corrected_history_closes_what_it_no_longer_tells(store: Store) -> None:
    keep(store, jira("two", (50, "one", "two")), "two", 80)
    note(store, 100)
    keep(store, jira("three", (60, "zero", "three")), "three", 130)
    note(store, 140)
    assert [one.valid_from for one in held(store)] == [START, at(60)]
    assert [one.valid_from for one in held(store, at(110))] == [START, at(50)]


def test_two_notes_at_one_instant_keep_the_later(store: Store) -> None:
    as_github(store)
    read(store, "one", 10)
    note(store, DAY)
    read(store, "two", 20)
    note(store, DAY)
    read(store, "three", 20)
    note(store, DAY)
    first, second = held(store)
    assert (first.valid_from, second.valid_from) == (at(10), at(20))
    assert second.contents == contents_without_lines("three", "markdown")


@pytest.mark.full_on_postgres
def test_connectors_without_a_reader_and_unknown_items_have_no_texts(store: Store) -> None:
    with store.writing() as conn:
        conn.execute(sa.update(schema.connection).values(kind="acme"))
    read(store, "one", 10)
    assert note(store, DAY) == 0
    as_github(store)
    with store.writing() as conn:
        assert texts.refresh(conn, at(DAY), {1: ["nobody"]}) == 0
        assert texts.refresh(conn, at(DAY), {}) == 0
