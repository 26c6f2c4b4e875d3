"""A simulated GitLab and the real connector in front of it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connectors.contract import (
    Cursor,
    Identity,
    Mode,
    Page,
    Pause,
    RawRecord,
    Runtime,
    ScopeRef,
    Unreadable,
    Window,
)
from connectors.gitlab.connector import GitLabConnector
from connectors.gitlab.options import GitLabOptions
from connectors.simulator.build import build
from connectors.simulator.clock import Clock
from connectors.simulator.code_build import build_code
from connectors.simulator.gitlab import GitLab
from connectors.simulator.server import Simulator
from connectors.simulator.world import World

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass
class Bench:
    """One server, one world, and what connectors announced."""

    simulator: Simulator
    world: World
    clock: Clock
    pauses: list[Pause] = field(default_factory=list)
    budgets: list[tuple[str, int | None, int | None, datetime | None]] = field(default_factory=list)

    def connector(self, **options: Any) -> GitLabConnector:
        """A connector that is not connected yet; `projects` defaults to all of the world."""
        values: dict[str, Any] = {
            "url": self.simulator.url("gitlab"),
            "token": self.world.credentials["owner"].token,
            "projects": [one.path for one in self.world.code.hosted("gitlab")],
        }
        return GitLabConnector("gitlab", GitLabOptions(**{**values, **options}), self.runtime())

    def runtime(self) -> Runtime:
        """Virtual waiting on the simulator's own clock."""
        return Runtime(
            now=self.clock.now,
            sleep=self.clock.sleep,
            on_pause=self.pauses.append,
            on_budget=lambda *said: self.budgets.append(said),
        )


@contextmanager
def serving(
    seed: int = 7,
    *,
    issues: int = 12,
    repositories: int = 1,
    changes: int = 30,
    **dialect: Any,
) -> Iterator[Bench]:
    """A served world; `dialect`: switches of the simulated server."""
    clock = Clock(NOW)
    world = build(seed, now=NOW, projects=1, issues_per_project=12)
    build_code(
        world,
        seed,
        repositories=repositories,
        changes_per_repository=changes,
        issues_per_repository=issues,
        hosts=("gitlab",),
    )
    with Simulator(world, clock, dialects=(GitLab(**dialect),)) as simulator:
        yield Bench(simulator, world, clock)


def window(identity: Identity, **changes: Any) -> Window:
    """A window that starts at the server's time."""
    return Window(**{"run_started_at": identity.server_time, **changes})


@dataclass
class Run:
    """What one whole reading brought."""

    identity: Identity
    scopes: Sequence[ScopeRef]
    #: (scope id, stream) -> pages
    pages: dict[tuple[str, str], list[Page]]
    #: (scope id, stream) -> requests it took
    requests: dict[tuple[str, str], int]
    total_requests: int

    def records(self, stream: str) -> list[RawRecord]:
        """All records of a stream, over all scopes, whatever stream they came along with."""
        return [
            record
            for pages in self.pages.values()
            for page in pages
            for record in page.records
            if record.stream == stream
        ]

    @property
    def unreadable(self) -> list[Unreadable]:
        """What the server named and did not give."""
        return [one for pages in self.pages.values() for page in pages for one in page.unreadable]

    def cursors(self) -> dict[tuple[str, str], Cursor]:
        """Committed cursor per scope and stream."""
        return {
            key: pages[-1].cursor
            for key, pages in self.pages.items()
            if pages and pages[-1].committed and pages[-1].cursor is not None
        }


def read_everything(
    connector: Any,
    *,
    cursors: Mapping[tuple[str, str], Cursor] | None = None,
    skip: frozenset[str] = frozenset({"census", "change_census"}),
    **changes: Any,
) -> Run:
    """Read as the engine does: site first, then scopes; follow-ups of what came without."""
    identity = connector.connect()
    scopes = connector.scopes()
    asked = window(identity, **changes)
    pages: dict[tuple[str, str], list[Page]] = {}
    requests: dict[tuple[str, str], int] = {}
    for scope in scopes:
        for spec in connector.streams():
            if spec.scope_kind != scope.kind or spec.name in skip or not scope.source_id:
                continue
            key = (scope.source_id, spec.name)
            before = connector.thread_request_count
            if spec.mode is Mode.FOLLOW_UP:
                parents = [
                    record
                    for page in pages.get((scope.source_id, spec.of or ""), [])
                    for record in page.records
                ]
                along = {one.source_id for one in parents if one.stream == spec.name}
                ids = [
                    one.source_id
                    for one in parents
                    if one.stream == spec.of and one.source_id not in along
                ]
                asked_ids = window(
                    identity, ids=tuple(dict.fromkeys(ids)), keys=keys(scope, parents)
                )
                pages[key] = list(connector.read(spec.name, scope, None, asked_ids)) if ids else []
            else:
                cursor = (cursors or {}).get(key)
                pages[key] = list(connector.read(spec.name, scope, cursor, asked))
            requests[key] = connector.thread_request_count - before
    return Run(identity, scopes, pages, requests, connector.request_count)


def keys(scope: ScopeRef, records: Sequence[RawRecord]) -> dict[str, str]:
    """What people call these issues and merge requests, as the store would tell it."""
    marks = {"issues": "#", "changes": "!"}
    out: dict[str, str] = {}
    for one in records:
        if one.stream not in marks:
            continue
        said = one.parsed or {}
        # GitHub numbers issues and pull requests in one row.
        mark = "#" if "number" in said else marks[one.stream]
        out[one.source_id] = f"{scope.key}{mark}{said.get('iid', said.get('number'))}"
    return out
