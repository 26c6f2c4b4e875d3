"""A simulated Jira and the real connector in front of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.contract import (
    Connector,
    Cursor,
    Identity,
    Mode,
    Page,
    Pause,
    RawRecord,
    Runtime,
    ScopeRef,
    StreamSpec,
    Window,
)
from connectors.jira.connector import JiraConnector
from connectors.jira.options import JiraOptions
from connectors.simulator.build import build
from connectors.simulator.clock import Clock
from connectors.simulator.jira import Jira
from connectors.simulator.server import Simulator
from connectors.simulator.world import World

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass
class Bench:
    """One server, one world, and what connectors announced."""

    simulator: Simulator
    world: World
    clock: Clock
    dialect: str
    pauses: list[Pause] = field(default_factory=list)
    budgets: list[tuple[str, int | None, int | None, datetime | None]] = field(default_factory=list)

    def connector(self, **options: Any) -> JiraConnector:
        """A connector that is not connected yet; `projects` defaults to all of the world."""
        who = self.world.credentials["owner"]
        values: dict[str, Any] = {
            "url": self.simulator.url(self.dialect),
            "token": who.token,
            "projects": sorted(one.key for one in self.world.projects.values()),
        }
        if self.dialect == "jira-cloud":
            values["email"] = who.email
        return JiraConnector("jira", JiraOptions(**{**values, **options}), self.runtime())

    def runtime(self) -> Runtime:
        """Virtual waiting on the simulator's own clock."""
        return Runtime(
            now=self.clock.now,
            sleep=self.clock.sleep,
            on_pause=self.pauses.append,
            on_budget=lambda *said: self.budgets.append(said),
        )

    def alive(self, key: str) -> set[str]:
        """Ids of the issues in a project, by the world's own word."""
        project = next(one for one in self.world.projects.values() if one.key == key)
        return {
            str(one.id)
            for one in self.world.issues.values()
            if one.project_id == project.id and not one.deleted
        }


@contextmanager
def serving(
    seed: int = 7, *, cloud: bool = True, projects: int = 1, issues: int = 60, **dialect: Any
) -> Iterator[Bench]:
    """A served world; `dialect`: switches of the simulated server."""
    clock = Clock(NOW)
    world = build(seed, now=NOW, projects=projects, issues_per_project=issues)
    prefix = "jira-cloud" if cloud else "jira-dc"
    server = Jira(prefix=prefix, cloud=cloud, **dialect)
    with Simulator(world, clock, dialects=(server,)) as simulator:
        yield Bench(simulator, world, clock, prefix)


def scope_of(scopes: Sequence[ScopeRef], kind: str, key: str | None = None) -> ScopeRef:
    """The first scope of a kind (and key)."""
    return next(one for one in scopes if one.kind == kind and key in (None, one.key))


def window(identity: Identity, **changes: Any) -> Window:
    """A window that starts at the server's time."""
    return Window(**{"run_started_at": identity.server_time, **changes})


def records(pages: Sequence[Page], stream: str | None = None) -> list[RawRecord]:
    """All records of some pages, or those of one stream."""
    return [record for page in pages for record in page.records if stream in (None, record.stream)]


@dataclass
class Run:
    """What one whole reading of a connector brought."""

    identity: Identity
    scopes: Sequence[ScopeRef]
    #: (scope id, stream) -> pages
    pages: dict[tuple[str, str], list[Page]]
    #: (scope id, stream) -> requests it took
    requests: dict[tuple[str, str], int]
    total_requests: int

    def ids(self, stream: str) -> list[str]:
        """Ids of all records of a stream, over all scopes."""
        return [
            record.source_id for pages in self.pages.values() for record in records(pages, stream)
        ]

    def cursors(self, stream: str = "issues") -> dict[str, Cursor]:
        """Committed cursor per scope."""
        return {
            scope: pages[-1].cursor
            for (scope, name), pages in self.pages.items()
            if name == stream and pages[-1].committed and pages[-1].cursor is not None
        }


def read_everything(
    connector: Connector,
    *,
    cursors: dict[str, Cursor] | None = None,
    skip: frozenset[str] = frozenset({"census"}),
    **changes: Any,
) -> Run:
    """Read as the engine does: site first, then scopes, histories of what came without."""
    identity = connector.connect()
    scopes = connector.scopes()
    streams = connector.streams()
    asked = window(identity, **changes)
    quiet = _quiet(connector, streams, scopes, cursors, asked)
    pages: dict[tuple[str, str], list[Page]] = {}
    requests: dict[tuple[str, str], int] = {}
    for scope in scopes:
        for spec in streams:
            if spec.scope_kind != scope.kind or spec.name in skip or not scope.source_id:
                continue
            if spec.name == "issues" and scope.source_id in quiet:
                continue
            key = (scope.source_id, spec.name)
            before = connector.thread_request_count  # type: ignore[attr-defined] # beyond the contract
            if spec.mode is Mode.FOLLOW_UP:
                read = pages.get((scope.source_id, spec.of or ""), [])
                along = {one.source_id for one in records(read, spec.name)}
                ids = [
                    one.source_id
                    for one in records(read, spec.of)
                    if b'"changelog"' not in one.payload and one.source_id not in along
                ]
                pages[key] = []
                for start in range(0, len(ids), spec.batch):
                    part = Window(
                        run_started_at=asked.run_started_at,
                        ids=tuple(ids[start : start + spec.batch]),
                    )
                    pages[key].extend(connector.read(spec.name, scope, None, part))
            else:
                cursor = (cursors or {}).get(scope.source_id) if spec.name == "issues" else None
                pages[key] = list(connector.read(spec.name, scope, cursor, asked))
            requests[key] = connector.thread_request_count - before  # type: ignore[attr-defined] # beyond the contract
    total = connector.request_count  # type: ignore[attr-defined] # beyond the contract
    return Run(identity, scopes, pages, requests, total)


def _quiet(
    connector: Connector,
    streams: Sequence[StreamSpec],
    scopes: Sequence[ScopeRef],
    cursors: dict[str, Cursor] | None,
    asked: Window,
) -> frozenset[str]:
    if not cursors:
        return frozenset()
    projects = [one for one in scopes if one.kind == "project" and one.source_id in cursors]
    return connector.unchanged("issues", cursors, projects, asked)


def later(bench: Bench, **by: float) -> None:
    """Let time pass on the server's clock."""
    bench.clock.advance(timedelta(**by))
