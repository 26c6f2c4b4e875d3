"""A simulated Jira, a store, and the real engine between them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr
from support.jira_site import Bench, serving

from connectors.jira.options import JiraOptions
from mappings.load import load
from mappings.registry import get
from sync.engine.plan import ConnectionPlan, Plan
from sync.engine.run import RunResult, sync
from sync.store.open import Store, open_store

#: Tables that hold what was read, as opposed to how it was read.
SOURCE_TABLES = (
    "raw_record",
    "account",
    "status",
    "field",
    "scope",
    "milestone",
    "milestone_date_event",
    "work_item",
    "work_item_key",
    "field_event",
    "scope_membership",
    "scope_entity",
    "link",
    "data_issue",
)
#: Columns that tell when we looked and not what is so.
_WHEN = frozenset(
    {"known_from", "known_to", "first_seen_at", "fetched_at", "observed_at", "observed_after"}
)


@dataclass
class Synced:
    """One server in front of one store."""

    bench: Bench
    store: Store
    options: dict[str, Any] = field(default_factory=dict)

    def plan(self, **changes: Any) -> Plan:
        """One connection to the bench; `changes` go to the plan."""
        who = self.bench.world.credentials["owner"]
        values: dict[str, Any] = {
            "url": self.bench.simulator.url(self.bench.dialect),
            "token": SecretStr(who.token),
            "projects": tuple(
                sorted(one.key for one in self.bench.world.projects.values() if not one.deleted)
            ),
        }
        if self.bench.dialect == "jira-cloud":
            values["email"] = who.email
        options = JiraOptions(**{**values, **self.options})
        mapping = changes.pop("mapping", None) or load([get("jira").defaults])
        connection = ConnectionPlan("jira", "jira", options, mapping)
        return Plan(**{"connections": (connection,), "workers": 2, **changes})

    def run(self, *, full: bool = False, census: bool = False, **changes: Any) -> RunResult:
        """One sync run."""
        return sync(
            self.store,
            self.plan(**changes),
            clock=self.bench.clock,
            sleep=self.bench.clock.sleep,
            full=full,
            census=census,
        )

    def later(self, **by: float) -> None:
        """Let time pass, for the world too."""
        self.bench.clock.advance(timedelta(**by))
        self.bench.world.now = self.bench.clock.now()

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        with self.store.reading() as conn:
            return [tuple(row) for row in conn.execute(sa.text(query), values)]

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """What is held now, table by table, without the instants of our own looking."""
        return {name: table_now(self.store, name) for name in SOURCE_TABLES}


def table_now(store: Store, name: str) -> list[tuple[Any, ...]]:
    """Rows of a table that are true now, without the columns that tell when we looked."""
    from sync.store.schema import metadata

    table = metadata.tables[name]
    columns = [column for column in table.columns if column.name not in _WHEN]
    query = sa.select(*columns)
    for ended in ("known_to", "withdrawn_at"):
        if ended in table.c:
            query = query.where(table.c[ended].is_(None))
    with store.reading() as conn:
        return sorted((tuple(map(repr, row)) for row in conn.execute(query)), key=repr)


@contextmanager
def synced(
    store_url: str,
    seed: int = 7,
    *,
    cloud: bool = True,
    projects: int = 1,
    issues: int = 60,
    options: dict[str, Any] | None = None,
    **dialect: Any,
) -> Iterator[Synced]:
    """A served world and an empty store."""
    with serving(seed, cloud=cloud, projects=projects, issues=issues, **dialect) as bench:
        store = open_store(store_url)
        try:
            yield Synced(bench, store, options or {})
        finally:
            store.close()
