"""The six ways into the three systems, each as a small served company in front of a store."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, SecretStr

from connectors.registry import get as get_connector
from connectors.simulator.build import build
from connectors.simulator.clock import Clock
from connectors.simulator.code_build import build_code
from connectors.simulator.github import GitHub
from connectors.simulator.gitlab import GitLab
from connectors.simulator.http import Dialect
from connectors.simulator.jira import Jira
from connectors.simulator.server import Simulator
from connectors.simulator.world import World
from mappings.load import load
from mappings.registry import get as get_mapping
from sync.engine.plan import ConnectionPlan, Plan
from sync.engine.run import RunResult, sync
from sync.reconcile.contract import Policy
from sync.reconcile.derive import derive
from sync.store.open import Store

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class System:
    """A server as one connector reads it."""

    name: str
    #: kind of connection.
    kind: str
    #: path prefix of the simulated server.
    prefix: str
    options: Mapping[str, Any]
    #: requests of an idle run: those of the connection, and those of each scope more.
    idle: tuple[int, int]

    @property
    def is_code(self) -> bool:
        """Whether it hosts code."""
        return self.kind != "jira"


SYSTEMS: Mapping[str, System] = {
    one.name: one
    for one in (
        System("jira-cloud", "jira", "jira-cloud", {"page_size": 4}, (8, 4)),
        System("jira-dc", "jira", "jira-dc", {"page_size": 4}, (8, 4)),
        System("github-graphql", "github", "github", {"api": "graphql"}, (4, 10)),
        System("github-rest", "github", "github", {"api": "rest", "page_size": 3}, (4, 14)),
        System("gitlab-graphql", "gitlab", "gitlab", {"api": "graphql"}, (4, 10)),
        System("gitlab-rest", "gitlab", "gitlab", {"api": "rest", "page_size": 5}, (4, 14)),
    )
}


@dataclass
class Company:
    """One served company and what a person would configure to read it."""

    system: System
    simulator: Simulator
    world: World
    clock: Clock
    #: scopes as they were called when somebody configured them.
    named: tuple[str, ...] = ()
    #: what changed more recently than this is not found by a search yet.
    lag: timedelta = timedelta(0)
    extra: Mapping[str, Any] = field(default_factory=dict)
    #: horizon of a first load, days back; None: it reads everything.
    since_days: int | None = None

    @property
    def token(self) -> str:
        """The secret that its requests carry."""
        return self.world.credentials["owner"].token

    def later(self, by: timedelta) -> None:
        """Let time pass, for the world too."""
        self.clock.advance(by)
        self.world.now = self.clock.now()

    def renamed(self) -> dict[str, str]:
        """Former paths of repositories, each with the one that it leads to."""
        return {
            old: one.path
            for one in self.world.code.repositories.values()
            for old in one.former_paths
        }

    def retitled(self) -> set[str]:
        """Milestones that got another title where histories name them by title alone (GitHub)."""
        if self.system.kind != "github":
            return set()
        code = self.world.code
        found = [
            code.milestones[int(one.subject.partition(":")[2])]
            for one in code.truth()
            if one.what == "milestone.edited" and "title" in one.detail["new"]
        ]
        return {f"{one.repo_id}:{one.number}" for one in found}

    def options(self) -> BaseModel:
        """Options of the connection."""
        who = self.world.credentials["owner"]
        values: dict[str, Any] = {
            "url": self.simulator.url(self.system.prefix),
            "token": SecretStr(who.token),
            **self.system.options,
            **self.extra,
        }
        if self.system.prefix == "jira-cloud":
            values["email"] = who.email
        scopes = {"jira": "projects", "github": "repositories", "gitlab": "projects"}
        values[scopes[self.system.kind]] = self.named
        return get_connector(self.system.kind).options(**values)

    def plan(self, **changes: Any) -> Plan:
        """One connection to it; `changes` go to the plan."""
        kind = self.system.kind
        mapping = load([get_mapping(kind).defaults])
        connection = ConnectionPlan(kind, kind, self.options(), mapping)
        horizon: dict[str, Any] = {}
        if self.since_days is not None:
            since = self.clock.now() - timedelta(days=self.since_days)
            horizon = {"since": since, "since_label": f"{self.since_days}d"}
        return Plan(**{"connections": (connection,), "workers": 1, **horizon, **changes})

    def run(
        self, store: Store, *, full: bool = False, census: bool = False, **changes: Any
    ) -> RunResult:
        """One sync run into the store, and what is judged after it, as the command does."""
        result = sync(
            store,
            self.plan(**changes),
            clock=self.clock,
            sleep=self.clock.sleep,
            full=full,
            census=census,
        )
        derive(store, Policy(), self.clock.now())
        return result


@contextmanager
def company(
    name: str,
    seed: int,
    *,
    account_zone: str = "UTC",
    lag: timedelta = timedelta(0),
    scopes: int = 2,
    items: int = 6,
    changes: int = 3,
) -> Iterator[Company]:
    """A served company; `scopes` projects or repositories of so many items and changes each."""
    system, clock = SYSTEMS[name], Clock(NOW)
    projects, issues = (0, 0) if system.is_code else (scopes, items)
    world = build(seed, now=NOW, projects=projects, issues_per_project=issues, people=4)
    if system.is_code:
        build_code(
            world,
            seed,
            repositories=scopes,
            changes_per_repository=changes,
            issues_per_repository=items,
            hosts=(system.kind,),  # type: ignore[arg-type]  # the name of a host
        )
        named = tuple(one.path for one in world.code.hosted(system.kind))  # type: ignore[arg-type]
    else:
        named = tuple(sorted(one.key for one in world.projects.values()))
    world.credentials["owner"].time_zone = account_zone
    dialects: dict[str, Dialect] = {
        "jira-cloud": Jira(index_lag=lag),
        "jira-dc": Jira(prefix="jira-dc", cloud=False, index_lag=lag),
        "github": GitHub(),
        "gitlab": GitLab(),
    }
    served = (dialects[system.prefix],)
    with Simulator(world, clock, dialects=served, drip_seconds=0.0) as simulator:
        yield Company(system, simulator, world, clock, named, lag)
