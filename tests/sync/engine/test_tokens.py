"""When tokens end: told in time, everywhere, and never made up."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from connectors.contract import Identity
from mappings.load import load
from mappings.registry import get
from sync.engine.plan import ConnectionPlan
from sync.engine.session import token_end
from sync.engine.tokens import ending
from sync.store import schema
from sync.store.open import Store, memory_store

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def store() -> Iterator[Store]:
    opened = memory_store()
    ends = {"old": -3, "jira": 0.5, "github": 9, "gitlab": 14.9, "far": 15.1, "unsaid": None}
    with opened.writing() as conn:
        for name, days in ends.items():
            conn.execute(
                sa.insert(schema.connection).values(
                    name=name,
                    kind="toy",
                    first_seen_at=NOW,
                    token_expires_at=None if days is None else NOW + timedelta(days=days),
                )
            )
    yield opened
    opened.close()


def test_tokens_that_end_within_14_days_are_told_the_first_one_first(store: Store) -> None:
    with store.reading() as conn:
        found = ending(conn, NOW)
    assert [one.connection for one in found] == ["old", "jira", "github", "gitlab"]
    said = [one.sentence.partition(":")[0] for one in found]
    assert said == [
        "The token of old has ended on 2026-02-27",
        "The token of jira ends within a day, at 2026-03-02 20",
        "The token of github ends in 9 days, on 2026-03-11",
        "The token of gitlab ends in 14 days, on 2026-03-17",
    ]


def test_only_the_connections_asked_for_are_told(store: Store) -> None:
    with store.reading() as conn:
        assert [one.connection for one in ending(conn, NOW, {"github"})] == ["github"]


def identity(ends: datetime | None) -> Identity:
    return Identity("id", "Toy", "1", "cloud", "7", "Ana", "UTC", 0.0, NOW, "http://x", (), ends)


def plan(day: date | None) -> ConnectionPlan:
    mapping = load([get("jira").defaults])
    return ConnectionPlan("jira", "jira", None, mapping, "Europe/Berlin", day)


def test_the_vendors_word_counts_before_the_configured_day() -> None:
    told = NOW + timedelta(days=3)
    assert token_end(plan(date(2026, 4, 1)), identity(told)) == told
    assert token_end(plan(None), identity(None)) is None


def test_a_configured_day_is_told_as_it_was_written_in_any_zone() -> None:
    ends = token_end(plan(date(2026, 4, 1)), identity(None))
    assert ends == datetime(2026, 4, 1, tzinfo=UTC)
