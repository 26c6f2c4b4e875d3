"""Companies in which changes land in every way that matters, served to the real connectors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from support.hosts import Hosts

from connectors.simulator.build import build
from connectors.simulator.clock import Clock
from connectors.simulator.code_things import Host
from connectors.simulator.landing_plots import OF_HOST, PLOTS, QUEUE, TRUNK, WEB
from connectors.simulator.landings import BETWEEN, Landings, Plot, begin
from connectors.simulator.server import Simulator
from connectors.simulator.world import World
from sync.reconcile.contract import Policy
from sync.reconcile.derive import derive
from sync.store.open import open_store
from sync.store.tables_judged import verdict

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
#: How long ago the first change landed.
SPAN = timedelta(days=80)
#: Plain changes that show what is usual before the first plot.
FIRST = 8


@dataclass
class Company(Hosts):
    """A served company and its repositories."""

    sites: tuple[Landings, ...] = ()
    kind: str = "github"
    more: Mapping[str, Any] | None = None

    def read(self) -> dict[str, dict[str, Any]]:
        """One run and its judgement; rows of `verdict` by what they are about."""
        result = self.run(**{self.kind: dict(self.more or {})})
        assert not [one for one in result.problems if one.exit_code == 1], result.problems
        derive(self.store, Policy(), self.clock.now())
        return self.verdicts()

    def verdicts(self) -> dict[str, dict[str, Any]]:
        """What is said now."""
        with self.store.reading() as conn:
            rows = conn.execute(sa.select(verdict).where(verdict.c.known_to.is_(None)))
            return {row.change_request_id: dict(row._mapping) for row in rows}


def settle(world: World, host: Host, seed: int, only: tuple[str, ...] = ()) -> tuple[Landings, ...]:
    """Repositories of a host with all of its plots, in an order of the seed's own.

    `only`: names of those that are wanted; none: all.
    """
    world.add_person("robot", "renovate[bot]", "Renovate", bot=True)
    at = world.now - SPAN
    code = world.code
    plots = {**PLOTS, **OF_HOST[host]}
    kinds: dict[str, tuple[Mapping[str, Plot], int, dict[str, Any]]] = {
        "app": (plots, BETWEEN, {}),
        "web": (WEB, 8, {"folder": "web"}),
        "queue": (QUEUE[host], 2, {}),
        "trunk": (TRUNK, 1, {}),
    }
    if host == "gitlab":
        kinds["results"] = (plots, BETWEEN, {"merge_results": True})
        kinds["fast"] = ({}, 0, {"method": "fast-forward"})
    sites = []
    for name, (mine, between, habits) in kinds.items():
        if only and name not in only:
            continue
        folder = habits.pop("folder", "src")
        site = begin(code, host, name, seed, at=at, **habits)
        sites.append(_played(site, mine, between, folder))
    if not only or "quiet" in only:
        quiet = begin(code, host, "quiet", seed, at=at)
        for _ in range(4):
            quiet.land(quiet.open("without any"))
        sites.append(quiet)
    for one in sites:
        assert one.at < world.now, f"{one.repo.path} reaches into the future: {one.at}"
    return tuple(sites)


def _played(
    site: Landings, plots: Mapping[str, Plot], between: int, folder: str = "src"
) -> Landings:
    site.plain(FIRST, folder)
    names = sorted(plots)
    site.rng.shuffle(names)
    # What never ends is the last thing that happens: nothing waits for it.
    for name in sorted(names, key=lambda one: one in ("still running",)):
        site.play(name, plots[name])
        site.plain(between, folder)
    return site


@contextmanager
def company(
    host: Host, seed: int, store_url: str, *, only: tuple[str, ...] = (), **options: Any
) -> Iterator[Company]:
    """A served company of one host, or `only` some of its repositories, and an empty store."""
    clock = Clock(NOW)
    world = build(seed, now=NOW, projects=1, issues_per_project=2)
    sites = settle(world, host, seed, only)
    store = open_store(store_url)
    try:
        with Simulator(world, clock) as simulator:
            yield Company(simulator, world, clock, store, sites, host, options)
    finally:
        store.close()
