"""A small company in three systems, and real processes that read it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from support.hosts import HOW, NOW, WHEN
from support.nursery import Child, Ended, Nursery

from connectors.simulator.build import build
from connectors.simulator.clock import Clock
from connectors.simulator.code_build import build_code
from connectors.simulator.faults import Hook
from connectors.simulator.server import Simulator
from connectors.simulator.world import World
from sync.store import schema
from sync.store.open import open_store

CONFIG = """\
name = "Apollo"
store = {store}

[sync]
workers = {workers}

[connections.jira]
kind = "jira"
url = "{url}/jira-cloud"
email = "{email}"
token_env = "TOKEN"
projects = {projects}
page_size = 8

[connections.github]
kind = "github"
url = "{url}/github"
token_env = "TOKEN"
repositories = {repositories}

[connections.gitlab]
kind = "gitlab"
url = "{url}/gitlab"
token_env = "TOKEN"
projects = {code}
"""


@dataclass
class Company:
    """One served world, and where processes are started from."""

    simulator: Simulator
    world: World
    clock: Clock
    nursery: Nursery
    directory: Path

    def desk(self, name: str, store: str | None = None, workers: int = 3, **changes: Any) -> "Desk":
        """A configured directory with a store of its own, or that of another."""
        place = self.directory / name
        place.mkdir(exist_ok=True)
        url = store or str(place / "driftline.db")
        values = {
            "store": json.dumps(url),
            "workers": workers,
            "url": f"http://{self.simulator.address}:{self.simulator.port}",
            "email": self.world.credentials["owner"].email,
            "projects": json.dumps(
                sorted(p.key for p in self.world.projects.values() if not p.deleted)
            ),
            "repositories": json.dumps([r.path for r in self.world.code.hosted("github")]),
            "code": json.dumps([r.path for r in self.world.code.hosted("gitlab")]),
            **changes,
        }
        (place / "driftline.toml").write_text(CONFIG.format(**values), encoding="utf-8")
        return Desk(self, place, url)

    def by(self, nursery: Nursery) -> "Company":
        """The same company, whose commands run elsewhere."""
        return replace(self, nursery=nursery)

    def later(self, **by: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(**by))
        self.world.now = self.clock.now()

    def at_request(self, number: int, run: Callable[[], None], matching: str = ".") -> None:
        """Do something as the request of that number (from 0) comes, before it is answered."""
        self.simulator.script.hooks.append(Hook(matching, run, skip=number))


@dataclass
class Desk:
    """Where one configuration lies and commands are typed."""

    company: Company
    directory: Path
    store: str

    def start(self, *words: str, **how: Any) -> Child:
        """Start a command at the world's time; `how` as the nursery takes it.

        `hours_off`: how far ahead its clock is.
        """
        off = timedelta(hours=how.pop("hours_off", 0))
        how["now"] = (self.company.clock.now() + off).isoformat()
        token = self.company.world.credentials["owner"].token
        return self.company.nursery.start(
            words, cwd=self.directory, env={"TOKEN": token, "NO_PROXY": "*"}, **how
        )

    def type(self, *words: str, **how: Any) -> Ended:
        """Run a command to its end."""
        return self.start(*words, **how).wait()

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """What is held as true now, table by table, without when we looked.

        Left out are rows that later knowledge closed: they tell what was believed in between, and a
        run that was broken off has more to correct than one that was not.
        """
        store = open_store(self.store, read_only=True)
        found: dict[str, list[tuple[Any, ...]]] = {}
        try:
            with store.reading() as conn:
                c = schema.connection.c
                names = {row.id: row.name for row in conn.execute(sa.select(c.id, c.name))}
                for table in schema.metadata.sorted_tables:
                    if table.name in HOW:
                        continue
                    columns = [one for one in table.c if one.name not in WHEN]
                    query = sa.select(*columns)
                    for ended in ("known_to", "withdrawn_at"):
                        if ended in table.c:
                            query = query.where(table.c[ended].is_(None))
                    rows = sorted(
                        tuple(
                            # Connections are numbered in the order in which they answered.
                            names.get(value, "") if name.endswith("connection_id") else _told(value)
                            for name, value in zip(row._fields, row, strict=True)
                        )
                        for row in conn.execute(query)
                    )
                    if rows:
                        found[table.name] = rows
        finally:
            store.close()
        return found

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        store = open_store(self.store, read_only=True)
        try:
            with store.reading() as conn:
                return [tuple(row) for row in conn.execute(sa.text(query))]
        finally:
            store.close()


def _told(value: Any) -> str:
    """A value as text; objects of JSON have no order."""
    return repr(_ordered(value))


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return sorted((name, _ordered(held)) for name, held in value.items())
    return [_ordered(one) for one in value] if isinstance(value, list) else value


@contextmanager
def company(
    directory: Path,
    nursery: Nursery,
    *,
    seed: int = 7,
    projects: int = 1,
    issues: int = 30,
    repositories: int = 2,
    changes: int = 8,
    address: str = "127.0.0.1",
) -> Iterator[Company]:
    """A served company; `address`: where it is served."""
    world = build(seed, now=NOW, projects=projects, issues_per_project=issues)
    build_code(
        world,
        seed,
        repositories=repositories,
        changes_per_repository=changes,
        issues_per_repository=6,
    )
    clock = Clock(NOW)
    with Simulator(world, clock, address=address) as simulator:
        yield Company(simulator, world, clock, nursery, directory)
