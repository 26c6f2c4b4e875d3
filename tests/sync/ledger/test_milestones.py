"""Milestones are found by the names they had, whether they are looked up or all read."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from mappings.vocabulary import MilestoneKind
from sync.ledger import milestones
from sync.ledger.milestones import Milestones, find
from sync.store import schema
from sync.store.open import open_store

pytestmark = pytest.mark.full_on_postgres

DAY = timedelta(days=1)
FIRST = datetime(2026, 1, 5, 6, tzinfo=UTC)
RENAMED = FIRST + 10 * DAY
NOW = FIRST + 20 * DAY
VERSION = MilestoneKind.VERSION
#: id -> its names, the second one since `RENAMED`.
NAMES = {"1": ("R1", "R1"), "2": ("Alpha", "R2"), "3": ("R1 ", "R1 "), "4": ("r4", "a:b")}
TEXTS = ("R1", "APO:R1", "apo:r1", "Alpha", "APO:Alpha", "R2", " R2 ", "R1 ", "a:b", "APO:a:b", "Q")


@pytest.fixture
def conn(store_url):
    store = open_store(store_url)
    common = {"first_seen_at": FIRST, "content_hash": b""}
    with store.writing() as conn:
        insert = sa.insert
        conn.execute(
            insert(schema.connection).values(id=1, name="j", kind="jira", first_seen_at=FIRST)
        )
        conn.execute(
            insert(schema.scope).values(
                connection_id=1, kind="project", source_id="p", key="APO", archived=False, **common
            )
        )
        for id_, (before, after) in NAMES.items():
            conn.execute(
                insert(schema.milestone).values(
                    connection_id=1,
                    kind="version",
                    source_id=id_,
                    name=after,
                    state="active",
                    scope_id="p",
                    **common,
                )
            )
            told = [(FIRST, None, before, True)]
            if after != before:
                told.append((RENAMED, before, after, False))
            for at, old, new, is_first in told:
                conn.execute(
                    insert(schema.milestone_date_event).values(
                        connection_id=1,
                        milestone_kind="version",
                        milestone_id=id_,
                        field="name",
                        known_from=at,
                        old=old,
                        new=new,
                        is_first=is_first,
                        observed_at=at,
                        origin="observed",
                    )
                )
        yield conn
    store.close()


@pytest.mark.parametrize("at", [FIRST - DAY, FIRST + DAY, RENAMED, NOW])
@pytest.mark.parametrize("few", [milestones.FEW, 0], ids=["looked up", "all read"])
def test_a_look_up_finds_what_a_reading_of_all_finds(conn, at, few, monkeypatch):
    every = milestones.at(conn, at, NOW)
    monkeypatch.setattr(milestones, "FEW", few)
    found = Milestones(conn, at, NOW).find(*TEXTS)
    assert found == tuple(find(every.values(), text) for text in TEXTS)


def test_a_name_stands_for_what_was_called_so_then(conn):
    for at, alpha, second in ((RENAMED - DAY, ["2"], []), (NOW, [], ["2"])):
        named = Milestones(conn, at, NOW).find("Alpha", "APO:R2")
        assert [[one.source_id for one in some.matches] for some in named] == [alpha, second]


def test_one_that_is_asked_for_is_the_same_as_among_all(conn):
    some, every = Milestones(conn, NOW, NOW), milestones.at(conn, NOW, NOW)
    some.find("R2")
    assert dict(some) == every
    assert len(some) == len(NAMES)
    assert (1, VERSION, "1") in some
    assert (1, VERSION, "9") not in some
    assert some.get((1, VERSION, "9")) is None
