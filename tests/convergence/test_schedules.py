"""Whatever happens between and during runs, the store ends as if it had been read once, at the end.

Thirty schedules each time, three hundred with every pair of zones in the long set, and as many as
fit into the minutes of `make soak`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.schedules.play import ACCOUNT_ZONES, PROCESS_ZONES, drawn, play
from support.schedules.systems import SYSTEMS
from support.store import postgres_database

#: Every so many schedules live on PostgreSQL, where there is a server; all are held against SQLite.
ON_POSTGRES = 5
#: Short schedules are many where they cost least.
SHORT = (*("jira-cloud", "jira-dc") * 4, *(name for name in SYSTEMS if "jira" not in name))
#: Three zones of the process and two of the account.
ZONES = [(process, account) for process in PROCESS_ZONES for account in ACCOUNT_ZONES[:2]]


@contextmanager
def database(tmp_path: Path, seed: int) -> Iterator[str]:
    """Where the store of this schedule lives."""
    server = os.environ.get("DRIFTLINE_TEST_POSTGRES_URL")
    if server and seed % ON_POSTGRES == 0:
        with postgres_database(server) as address:
            yield address
    else:
        yield str(tmp_path / "store.db")


@pytest.mark.parametrize(
    "seed", [*range(10), *(pytest.param(seed, marks=pytest.mark.full) for seed in range(10, 30))]
)
def test_the_store_ends_as_one_reading_gives(seed: int, tmp_path: Path) -> None:
    with database(tmp_path, seed) as address:
        play(drawn(seed, SHORT, legs=1, items=3), address, str(tmp_path / "fresh.db"))


@pytest.mark.full
@pytest.mark.parametrize("seed", range(1000, 1300))
def test_it_does_in_every_pair_of_zones(seed: int, tmp_path: Path) -> None:
    process, account = ZONES[seed // len(SYSTEMS) % len(ZONES)]
    schedule = drawn(seed, process_zone=process, account_zone=account)
    with database(tmp_path, seed) as address:
        play(schedule, address, str(tmp_path / "fresh.db"))
