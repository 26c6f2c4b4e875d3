"""The contract suite on the real Jira connector, in front of simulated servers of both kinds."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from support.jira_site import Bench, serving

from connectors.contract import Connector, ScopeRef
from connectors.jira.entry import ENTRY
from connectors.simulator.faults import Fault as Script
from connectors.testing.suite import ContractSuite
from connectors.testing.world import Fault

_STATUS = {Fault.REFUSED: 401, Fault.FORBIDDEN: 403, Fault.MISSING: 404, Fault.DOWN: 503}


class JiraWorld:
    """A simulated Jira as the suite sees it."""

    entry = ENTRY

    def __init__(self, bench: Bench, cannot: Mapping[str, str]) -> None:
        self.bench, self.cannot = bench, cannot
        owner = bench.world.credentials["owner"]
        self.secret = owner.token
        self.options: dict[str, Any] = {
            "url": bench.simulator.url(bench.dialect),
            "token": self.secret,
            "projects": sorted(one.key for one in bench.world.projects.values()),
            "page_size": 6,
        }
        if bench.dialect == "jira-cloud":
            self.options["email"] = owner.email

    def connector(self, *, unknown_scope: bool = False) -> Connector:
        projects = [*self.options["projects"], *(["NOPE"] if unknown_scope else [])]
        options = ENTRY.options(**{**self.options, "projects": projects})
        return ENTRY.build("jira", options, self.bench.runtime())

    def requests(self) -> int:
        return len(self.bench.simulator.log)

    def requests_elsewhere(self) -> int:
        return sum("/elsewhere" in one.path for one in self.bench.simulator.log)

    def now(self) -> datetime:
        return self.bench.clock.now()

    def advance(self, seconds: float) -> None:
        self.bench.clock.sleep(seconds)

    def known(self, stream: str, scope: ScopeRef) -> frozenset[str] | None:
        world, mine = self.bench.world, int(scope.source_id) if scope.kind != "site" else 0
        if stream in ("issues", "census"):
            return frozenset(self.bench.alive(scope.key))
        if stream == "versions":
            return frozenset(str(v.id) for v in world.versions.values() if v.project_id == mine)
        if stream == "sprints":
            return frozenset(str(s.id) for s in world.sprints.values() if s.board_id == mine)
        return None

    def facts(self, stream: str, source_id: str) -> Mapping[str, Any]:
        issue = self.bench.world.issues[int(source_id)]
        return {"id": source_id, "key": issue.key}

    def touch(self, stream: str, scope: ScopeRef, source_id: str) -> None:
        world = self.bench.world
        world.now = self.bench.clock.now()
        world.rename(world.issues[int(source_id)], f"Renamed at {world.now}")

    def remove(self, stream: str, scope: ScopeRef, source_id: str) -> None:
        self.bench.world.delete(self.bench.world.issues[int(source_id)])

    def fail(self, fault: Fault, stream: str, *, after_pages: int = 0) -> None:
        said = f'{{"errorMessages": ["Authorization: Bearer {self.secret} is bad"]}}'.encode()
        matching = "." if fault is Fault.REFUSED else r"/search(/jql)?$"
        headers: dict[str, str] = {}
        status = _STATUS.get(fault, 200)
        if fault is Fault.BUSY:
            status, headers = 429, {"Retry-After": "86400"}
        if fault is Fault.ELSEWHERE:
            # The same machine by another name: another origin.
            port = self.bench.simulator.port
            status, headers = 302, {"Location": f"http://localhost:{port}/elsewhere/"}
        if fault is Fault.REPEATING:
            said = (
                b'{"issues": [{"id": "1", "key": "APO-1", "fields": {"updated": null}}],'
                b' "nextPageToken": "again", "total": 500, "startAt": 0, "maxResults": 1}'
            )
        self.bench.simulator.script.faults.append(
            Script(matching, status, said, headers, times=None, skip=after_pages)
        )

    def heal(self) -> None:
        self.bench.simulator.script.clear()


@contextmanager
def jira(cannot: Mapping[str, str], **server: Any) -> Iterator[JiraWorld]:
    with serving(11, issues=24, **server) as bench:
        yield JiraWorld(bench, cannot)


class TestCloud(ContractSuite):
    @pytest.fixture
    def world(self) -> Iterator[JiraWorld]:
        with jira({}, cloud=True) as world:
            yield world


@pytest.mark.full
class TestCloudWithoutEpochs(ContractSuite):
    @pytest.fixture
    def world(self) -> Iterator[JiraWorld]:
        with jira({}, cloud=True, epoch_ms=False) as world:
            yield world


class TestDataCenter(ContractSuite):
    @pytest.fixture
    def world(self) -> Iterator[JiraWorld]:
        with jira({}, cloud=False) as world:
            yield world


@pytest.mark.full
class TestDataCenterByOffset(ContractSuite):
    @pytest.fixture
    def world(self) -> Iterator[JiraWorld]:
        with jira({}, cloud=False, id_clause=False, epoch_ms=False) as world:
            yield world
