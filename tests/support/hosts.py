"""Simulated code hosts, a store, and the real engine between them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, SecretStr

from connectors.registry import get as get_connector
from connectors.simulator.build import build
from connectors.simulator.clock import Clock
from connectors.simulator.code_build import build_code
from connectors.simulator.server import Simulator
from connectors.simulator.world import World
from mappings.load import load
from mappings.registry import get as get_mapping
from sync.engine.plan import ConnectionPlan, Plan, with_boards_of
from sync.engine.run import RunResult, sync
from sync.store import schema
from sync.store.open import Store, open_store

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
#: Tables that say how we read, and payloads, which are a vendor's words.
HOW = frozenset(
    {
        "alembic_version",
        "capability",
        "connection",
        "cursor",
        "lease",
        "rate_budget",
        "raw_dictionary",
        "raw_record",
        "store_info",
        "sync_run",
        "sync_step",
        "verdict_due",
        "verdict_refresh",
        # What was believed before another reading.
        *(one.name for one in schema.PAST.values()),
    }
)
#: Columns that tell when we looked and not what is so, and hashes of what stands beside them.
WHEN = frozenset(
    {
        "known_from",
        "known_to",
        "first_seen_at",
        "fetched_at",
        "observed_at",
        "observed_after",
        "content_hash",
    }
)


@dataclass
class Hosts:
    """One company's code hosts in front of one store."""

    simulator: Simulator
    world: World
    clock: Clock
    store: Store

    def options(self, kind: str, **changes: Any) -> BaseModel:
        """What a person would configure."""
        paths = tuple(one.path for one in self.world.code.hosted(kind) if not one.deleted)
        values: dict[str, Any] = {
            "url": self.simulator.url(kind),
            "token": SecretStr(self.world.credentials["owner"].token),
            "repositories" if kind == "github" else "projects": paths,
        }
        return get_connector(kind).options(**{**values, **changes})

    def plan(self, options: Mapping[str, Mapping[str, Any]], **changes: Any) -> Plan:
        """A run over these kinds of hosts, each with its options."""
        connections = tuple(
            ConnectionPlan(
                kind, kind, made, with_boards_of(load([get_mapping(kind).defaults]), made)
            )
            for kind, one in options.items()
            for made in (self.options(kind, **one),)
        )
        return Plan(**{"connections": connections, "workers": 2, **changes})

    def run(self, *, full: bool = False, census: bool = False, **options: Any) -> RunResult:
        """One sync run; `options`: kind of host -> its options."""
        return sync(
            self.store,
            self.plan(options),
            clock=self.clock,
            sleep=self.clock.sleep,
            full=full,
            census=census,
        )

    def later(self, **by: float) -> None:
        """Let time pass, for the world too."""
        self.clock.advance(timedelta(**by))
        self.world.now = self.clock.now()

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """What was read: every source table, without the columns that say when we looked."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        with self.store.reading() as conn:
            for table in schema.metadata.sorted_tables:
                if table.name in HOW:
                    continue
                columns = [one for one in table.c if one.name not in WHEN]
                rows = conn.execute(sa.select(*columns)).all()
                if rows:
                    found[table.name] = sorted(tuple(map(repr, row)) for row in rows)
        return found

    def columns(self, table: str) -> list[str]:
        """Names of the columns that `tables` gives of a table."""
        return [one.name for one in schema.metadata.tables[table].c if one.name not in WHEN]


@contextmanager
def hosts(
    store_url: str,
    *,
    seed: int = 7,
    issues: int = 10,
    changes: int = 16,
    repositories: int = 2,
    kinds: tuple[str, ...] = ("github", "gitlab"),
    latency: float = 0.0,
) -> Iterator[Hosts]:
    """A company whose repositories lie on these hosts."""
    clock = Clock(NOW)
    world = build(seed, now=NOW, projects=1, issues_per_project=12)
    build_code(
        world,
        seed,
        repositories=repositories,
        changes_per_repository=changes,
        issues_per_repository=issues,
        hosts=kinds,  # type: ignore[arg-type] # names of hosts
    )
    store = open_store(store_url)
    try:
        with Simulator(world, clock, latency=latency) as simulator:
            yield Hosts(simulator, world, clock, store)
    finally:
        store.close()
