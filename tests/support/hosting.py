"""A simulated GitHub in front of a small company, and a plain client of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import requests
from support.jira_site import NOW

from connectors.simulator.build import build
from connectors.simulator.clock import Clock
from connectors.simulator.code import CodeWorld
from connectors.simulator.code_build import build_code
from connectors.simulator.code_things import Repository
from connectors.simulator.github import GitHub
from connectors.simulator.github_ids import node_id
from connectors.simulator.server import Simulator
from connectors.simulator.world import World


@dataclass
class Hosting:
    """A server, the world behind it, and how to ask it."""

    simulator: Simulator
    world: World
    clock: Clock
    dialect: str
    #: path of the API below the dialect.
    api: str = ""

    @property
    def code(self) -> CodeWorld:
        """The code hosts."""
        return self.world.code

    @property
    def repo(self) -> Repository:
        """The first repository."""
        return self.code.hosted("github")[0]

    @property
    def node(self) -> str:
        """Global id of the first repository."""
        return node_id("R", self.repo.id)

    def get(self, path: str, *, headers: dict[str, str] | None = None, **params: Any) -> Any:
        """The answer to a GET; a path that begins with a dot is one of the first repository."""
        if path.startswith("."):
            path = f"repos/{self.repo.path}{path[1:]}"
        return requests.get(
            f"{self.simulator.url(self.dialect)}/{self.api}{path}",
            params=params,
            headers={"Authorization": f"Bearer {self.token}", **(headers or {})},
            timeout=10,
            allow_redirects=False,
        )

    def everything(self, path: str, **params: Any) -> list[Any]:
        """All rows of a listing, by its Link headers."""
        answer = self.get(path, **params)
        rows = list(answer.json())
        while "next" in answer.links:
            answer = requests.get(
                answer.links["next"]["url"],
                headers={"Authorization": f"Bearer {self.token}"},
                timeout=10,
            )
            rows += answer.json()
        return rows

    def ask(self, query: str, **variables: Any) -> Any:
        """The answer to a GraphQL document."""
        where = "graphql" if not self.api else "api/graphql"
        return requests.post(
            f"{self.simulator.url(self.dialect)}/{where}",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=20,
        )

    @property
    def token(self) -> str:
        """Of the company's owner."""
        return self.world.credentials["owner"].token

    def later(self, **by: float) -> None:
        """Let time pass for the server and the company."""
        self.clock.advance(timedelta(**by))
        self.world.now = self.clock.now()


@contextmanager
def hosting(
    seed: int = 7,
    *,
    changes: int = 25,
    issues: int = 12,
    repositories: int = 1,
    enterprise: bool = False,
    **dialect: Any,
) -> Iterator[Hosting]:
    """A served company with repositories at GitHub only; `dialect`: switches of the server."""
    world = build(seed, now=NOW, projects=1)
    build_code(
        world,
        seed,
        repositories=repositories,
        changes_per_repository=changes,
        issues_per_repository=issues,
        hosts=("github",),
    )
    clock = Clock(NOW)
    made = GitHub(enterprise=enterprise, **dialect)
    with Simulator(world, clock, dialects=(made,)) as simulator:
        yield Hosting(simulator, world, clock, made.prefix, api="api/v3/" if enterprise else "")
