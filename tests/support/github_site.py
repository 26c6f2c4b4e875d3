"""A simulated GitHub and the real connector in front of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from support.hosting import Hosting, hosting

from connectors.contract import Pause, Runtime
from connectors.github.connector import GitHubConnector
from connectors.github.options import GitHubOptions


@dataclass
class Bench:
    """One server, one world, and what connectors announced."""

    hosting: Hosting
    pauses: list[Pause] = field(default_factory=list)
    budgets: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Address of the API."""
        base = self.hosting.simulator.url(self.hosting.dialect)
        return f"{base}/{self.hosting.api}".rstrip("/")

    def options(self, **options: Any) -> dict[str, Any]:
        """What is configured; all repositories of the world unless said otherwise."""
        return {
            "url": self.url,
            "token": self.hosting.token,
            "repositories": [one.path for one in self.hosting.code.hosted("github")],
            **options,
        }

    def connector(self, **options: Any) -> GitHubConnector:
        """A connector that is not connected yet."""
        return GitHubConnector("github", GitHubOptions(**self.options(**options)), self.runtime())

    def runtime(self) -> Runtime:
        """Virtual waiting on the simulator's own clock."""
        return Runtime(
            now=self.hosting.clock.now,
            sleep=self.hosting.clock.sleep,
            on_pause=self.pauses.append,
            on_budget=lambda *said: self.budgets.append(said),
        )


@contextmanager
def serving(seed: int = 7, **options: Any) -> Iterator[Bench]:
    """A served company; `options` as those of `hosting`."""
    with hosting(seed, **options) as host:
        yield Bench(host)
