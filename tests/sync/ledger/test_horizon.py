"""What was closed before the horizon of a first load is missing, and containers say so."""

from datetime import datetime, timedelta

import pytest
from support.jira_site import NOW
from support.synced import Synced, synced

from sync.ledger import horizon, load, milestones
from sync.ledger.load import Container

SINCE = NOW - timedelta(days=60)
MISSING = f"work that was closed before {SINCE:%Y-%m-%d} was not read"


def horizons(it: Synced, known_at: datetime = NOW + timedelta(days=9)) -> set[datetime | None]:
    """Those of all scopes."""
    with it.store.reading() as conn:
        return set(horizon.by_scope(conn, 1, known_at).values())


def containers(it: Synced) -> list[Container]:
    """Of all milestones, as known now."""
    with it.store.reading() as conn:
        found = list(milestones.at(conn, it.bench.clock.now(), it.bench.clock.now()).values())
        known = load.containers(conn, found, known_at=it.bench.clock.now(), present=True)
    return list(known.values())


@pytest.mark.full_on_postgres
def test_before_its_horizon_a_scope_has_a_gap_and_after_it_none(store_url: str) -> None:
    with synced(store_url) as it:
        it.run(since=SINCE, since_label="60d")
        it.later(hours=1)
        it.run(since=SINCE + timedelta(hours=1), since_label="60d")
        assert horizons(it) == {SINCE}
        found = containers(it)
        assert found
        for one in found:
            assert MISSING in one.gaps(SINCE - timedelta(days=1))
            assert MISSING not in one.gaps(SINCE)


@pytest.mark.full_on_postgres
def test_what_was_read_whole_at_any_time_has_none(store_url: str) -> None:
    with synced(store_url) as it:
        it.run(since=SINCE, since_label="60d")
        it.later(hours=1)
        it.run(since=None, since_label="all")
        assert horizons(it) == {None}
        assert horizons(it, NOW + timedelta(minutes=1)) == {SINCE}
        assert all(one.read_since is None for one in containers(it))


def test_a_milestone_of_no_scope_that_is_known_may_hold_items_of_any() -> None:
    early, late = SINCE, SINCE + timedelta(days=1)
    by_scope = {"a": early, "b": late, "c": None}
    assert horizon.of(by_scope, "a", everywhere=False) == early
    assert horizon.of(by_scope, "c", everywhere=False) is None
    assert horizon.of(by_scope, "a", everywhere=True) == late
    assert horizon.of(by_scope, None, everywhere=False) == late
    assert horizon.of({"c": None}, "x", everywhere=True) is None
