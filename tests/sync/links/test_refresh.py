"""Links as they are kept: set against set, with the instants of being seen and withdrawn."""

import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from support import cases, code_rows

from sync.links.refresh import Refreshed, refresh
from sync.store import schema
from sync.store import tables_code as code
from sync.store.open import Store, open_store
from sync.store.tables_judged import change_link

pytestmark = pytest.mark.full_on_postgres

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A store on each database."""
    opened = open_store(store_url)
    yield opened
    opened.close()


def filled(store: Store, *, second: bool = False, **data: Any) -> None:
    """The case, and where asked a second tracker that holds `APO-1` too."""
    whole = {
        "now": NOW,
        "derive": False,
        "items": [{"ids": "1-3"}],
        "aliases": {"OLD-7": "2"},
        "hub_items": [{"id": 40}],
        **data,
    }
    with store.writing() as conn:
        cases.fill(conn, whole)
        if second:
            rows = code_rows.Rows()
            rows.add(schema.connection, id=3, name="other", kind="jira", first_seen_at=NOW)
            first = (
                conn.execute(sa.select(schema.work_item).where(schema.work_item.c.key == "APO-1"))
                .one()
                ._asdict()
            )
            rows.add(schema.work_item, **{**first, "connection_id": 3, "source_id": "77"})
            rows.add(
                schema.work_item_key,
                connection_id=3,
                key="APO-1",
                work_item_id="77",
                first_seen_at=NOW,
            )
            rows.write(conn)


def refreshed(store: Store, now: datetime = NOW, **more: Any) -> Refreshed:
    with store.writing() as conn:
        return refresh(conn, now, **more)


def held(store: Store, *columns: str) -> list[tuple[Any, ...]]:
    c = change_link.c
    with store.reading() as conn:
        rows = conn.execute(
            sa.select(*(c[name] for name in columns)).order_by(
                c.from_id, c.to_connection_id, c.to_id, c.first_seen_at
            )
        )
        return [tuple(row) for row in rows]


def changed(store: Store, statement: Any) -> None:
    with store.writing() as conn:
        conn.execute(statement)


def test_references_of_all_kinds_lead_over_connections(store: Store) -> None:
    refs = [
        {"target": "apo-1", "source": "branch"},
        {"target": "OLD-7", "source": "commit"},
        {"target": "#40", "source": "body", "kind": "closes"},
        {"target": "i40", "target_id": "i40", "source": "declared", "kind": "closes"},
        {"target": "UTF-8", "source": "title"},
        {"target": "APO-999", "source": "title"},
    ]
    filled(store, changes=[{"id": 8, "refs": refs}])
    done = refreshed(store)
    assert held(store, "from_id", "to_connection_id", "to_id", "kind", "method", "ambiguous") == [
        ("c8", 1, "1", "implements", "branch", False),
        ("c8", 1, "2", "implements", "commit", False),
        ("c8", 2, "i40", "closes", "declared", False),
    ]
    assert (done.inserted, done.withdrawn, done.dangling) == (3, 0, 1)


def test_addresses_and_reverts(store: Store) -> None:
    refs = [
        {
            "target": "https://hub.example.net/Acme/web/pull/40",
            "kind": "mentions",
            "source": "body",
        },
        {"target": "m8aaaa", "kind": "reverts", "source": "body"},
    ]
    filled(
        store,
        changes=[
            {"id": 8, "merged": NOW, "landed": "m8aaaabbbbcccc"},
            {"id": 9, "refs": refs},
        ],
    )
    # A sha holds hexadecimal digits only; the story's own names do not.
    changed(store, sa.update(code.change_request).values(landed_sha="0a8aaaabbbbcccc"))
    changed(
        store,
        sa.update(code.reference)
        .where(code.reference.c.kind == "reverts")
        .values(target="0a8aaaa"),
    )
    changed(
        store,
        sa.update(code.change_request)
        .where(code.change_request.c.source_id == "c9")
        .values(landed_sha=None),
    )
    refreshed(store)
    assert held(store, "from_id", "to_kind", "to_id", "kind") == [
        ("c9", "change_request", "c8", "reverts"),
        ("c9", "work_item", "i40", "mentions"),
    ]


def test_an_equal_second_time_writes_nothing(store: Store) -> None:
    filled(store, changes=[{"id": 8, "refs": [{"target": "APO-1"}, {"target": "APO-2"}]}])
    refreshed(store)
    before = held(store, *(c.name for c in change_link.c))
    done = refreshed(store, LATER)
    assert (done.inserted, done.withdrawn) == (0, 0)
    assert held(store, *(c.name for c in change_link.c)) == before


def test_what_the_text_no_longer_says_is_withdrawn_and_comes_back_anew(store: Store) -> None:
    filled(store, changes=[{"id": 8, "refs": [{"target": "APO-1"}]}])
    refreshed(store)
    gone = sa.update(code.reference).values(known_to=LATER)
    changed(store, gone)
    refreshed(store, LATER)
    assert held(store, "to_id", "first_seen_at", "withdrawn_at") == [("1", NOW, LATER)]
    changed(store, sa.update(code.reference).values(known_to=None))
    again = LATER + timedelta(days=1)
    refreshed(store, again)
    assert held(store, "to_id", "first_seen_at", "withdrawn_at") == [
        ("1", NOW, LATER),
        ("1", again, None),
    ]


def test_a_clock_that_stands_still_leaves_no_two_rows_of_one_link(store: Store) -> None:
    filled(store, changes=[{"id": 8, "refs": [{"target": "APO-1"}]}])
    refreshed(store)
    changed(store, sa.update(code.reference).values(span="other words"))
    refreshed(store)
    assert held(store, "to_id", "evidence", "withdrawn_at") == [("1", "other words", None)]


def test_links_of_a_change_that_is_gone_are_withdrawn(store: Store) -> None:
    filled(store, changes=[{"id": 8, "refs": [{"target": "APO-1"}]}])
    refreshed(store)
    changed(store, sa.update(code.change_request).values(gone_at=LATER))
    done = refreshed(store, LATER)
    assert done.withdrawn == 1
    assert held(store, "withdrawn_at") == [(LATER,)]


def test_namesakes_of_two_servers_stay_ambiguous_until_configuration_speaks(store: Store) -> None:
    filled(store, second=True, changes=[{"id": 8, "refs": [{"target": "APO-1"}]}])
    refreshed(store)
    assert held(store, "to_connection_id", "ambiguous") == [(1, True), (3, True)]
    refreshed(store, LATER, trackers={"ACME/web": ("other",)})
    assert held(store, "to_connection_id", "ambiguous", "withdrawn_at") == [
        (1, True, LATER),
        (3, True, LATER),
        (3, False, None),
    ]


def test_a_bot_s_description_is_not_believed(store: Store) -> None:
    refs = [{"target": "#40", "source": "body", "kind": "closes"}]
    filled(store, changes=[{"id": 8, "author": "bot", "refs": refs}])
    refreshed(store)
    assert held(store, "to_id") == []


def test_changes_in_many_batches(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.links.load.BATCH", 3)
    refs = [{"target": "APO-1"}]
    filled(store, changes=[{"id": number, "refs": refs} for number in range(1, 11)])
    assert refreshed(store).inserted == 10
    assert refreshed(store, LATER).inserted == 0


@pytest.mark.postgres
def test_keys_are_found_whatever_the_order_of_letters_of_the_database() -> None:
    """Where hyphens do not count in sorting, the keys of a project lie in no range."""
    server = os.environ.get("DRIFTLINE_TEST_POSTGRES_URL")
    if not server:
        pytest.skip("DRIFTLINE_TEST_POSTGRES_URL names no server")
    import psycopg

    name = f"driftline_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(
            f'CREATE DATABASE "{name}" TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE "en-US"'
        )
    url = make_url(server).set(drivername="postgresql+psycopg", database=name)
    store = open_store(url.render_as_string(hide_password=False))
    try:
        filled(store, changes=[{"id": 8, "refs": [{"target": "APO-1"}, {"target": "OLD-7"}]}])
        assert refreshed(store).inserted == 2
    finally:
        store.close()
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
