"""Every vendor and API that driftline reads, served from one small company, each before a store."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr
from support.hosts import NOW, Hosts

from connectors.jira.options import JiraOptions
from connectors.simulator.build import build
from connectors.simulator.clock import Clock
from connectors.simulator.code_build import build_code
from connectors.simulator.server import Simulator
from sync.engine.run import RunResult
from sync.store.open import open_store

#: Name -> the dialect that is spoken, kind of connector, and its options.
SITES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "jira-cloud": ("jira-cloud", "jira", {"page_size": 5}),
    "jira-dc": ("jira-dc", "jira", {"page_size": 5}),
    "github-graphql": ("github", "github", {"api": "graphql", "page_size": 3}),
    "github-rest": ("github", "github", {"api": "rest", "page_size": 3}),
    "gitlab-graphql": ("gitlab", "gitlab", {"api": "graphql", "page_size": 3}),
    "gitlab-rest": ("gitlab", "gitlab", {"api": "rest", "page_size": 3}),
}


def each(*short: str) -> pytest.MarkDecorator:
    """Every site, as `name`; those that are not named belong to the long set."""
    return pytest.mark.parametrize(
        "name",
        [one if one in short else pytest.param(one, marks=pytest.mark.full) for one in SITES],
    )


@dataclass
class Site(Hosts):
    """One vendor's server, as one connection of one store."""

    name: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def dialect(self) -> str:
        """Prefix of the server's addresses."""
        return SITES[self.name][0]

    @property
    def kind(self) -> str:
        """The connector, and the name of the connection."""
        return SITES[self.name][1]

    def options(self, kind: str, **changes: Any) -> BaseModel:
        """What a person would configure."""
        if kind != "jira":
            return super().options(kind, **changes)
        who = self.world.credentials["owner"]
        values: dict[str, Any] = {
            "url": self.simulator.url(self.dialect),
            "token": SecretStr(who.token),
            "projects": tuple(one.key for one in self.world.projects.values() if not one.deleted),
        }
        if self.dialect == "jira-cloud":
            values["email"] = who.email
        return JiraOptions(**{**values, **changes})

    def sync(self, *, full: bool = False, census: bool = False, **changes: Any) -> RunResult:
        """One run; `changes` go to the connector's options."""
        options = {**SITES[self.name][2], **self.more, **changes}
        return self.run(full=full, census=census, **{self.kind: options})


@contextmanager
def site(
    name: str, store_url: str, *, seed: int = 7, issues: int = 9, **options: Any
) -> Iterator[Site]:
    """A served company and an empty store; equal seeds give equal companies."""
    kind = SITES[name][1]
    clock = Clock(NOW)
    world = build(seed, now=NOW, projects=2 if kind == "jira" else 1, issues_per_project=issues)
    if kind != "jira":
        build_code(
            world,
            seed,
            repositories=1,
            changes_per_repository=4,
            issues_per_repository=4,
            hosts=(kind,),  # type: ignore[arg-type] # a host
        )
    store = open_store(store_url)
    try:
        with Simulator(world, clock, drip_seconds=0.001) as simulator:
            yield Site(simulator, world, clock, store, name, options)
    finally:
        store.close()
