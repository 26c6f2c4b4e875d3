"""The contract suite on the real GitHub connector, in front of a simulated server, by each API."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import orjson
import pytest
from support.github_site import Bench, serving

from connectors.contract import Connector, Mode, ScopeRef, StreamSpec
from connectors.github.connector import GitHubConnector
from connectors.github.entry import ENTRY
from connectors.github.options import GitHubOptions
from connectors.simulator.code_ci import JobPlan
from connectors.simulator.code_things import Repository
from connectors.simulator.faults import Fault as Script
from connectors.testing.suite import ContractSuite
from connectors.testing.world import Fault

_STATUS = {Fault.REFUSED: 401, Fault.FORBIDDEN: 403, Fault.MISSING: 404, Fault.DOWN: 503}
#: Where each stream is listed by REST.
_LISTED = {"issues": "issues", "changes": "pulls", "runs": "actions/runs"}
_CONNECTION = {"issues": "issues", "changes": "pullRequests"}


class First(GitHubConnector):
    """The connector with one of its incremental streams first, which the suite then looks at."""

    first = "issues"

    def streams(self) -> Sequence[StreamSpec]:
        return sorted(
            super().streams(),
            key=lambda one: one.mode is Mode.INCREMENTAL and one.name != self.first,
        )


class GitHubWorld:
    """A simulated GitHub as the suite sees it."""

    entry = ENTRY

    def __init__(self, bench: Bench, stream: str, api: str, cannot: Mapping[str, str]) -> None:
        self.bench, self.cannot, self.stream, self.api = bench, cannot, stream, api
        self.secret = bench.hosting.token
        self.options = bench.options(
            repositories=[self.repository.path], page_size=4, change_page_size=4, api=api
        )

    @property
    def repository(self) -> Repository:
        return self.bench.hosting.repo

    def connector(self, *, unknown_scope: bool = False) -> Connector:
        names = [*self.options["repositories"], *(["no/such"] if unknown_scope else [])]
        options = GitHubOptions(**{**self.options, "repositories": names})
        made = First("github", options, self.bench.runtime())
        made.first = self.stream
        return made

    def requests(self) -> int:
        return len(self.bench.hosting.simulator.log)

    def requests_elsewhere(self) -> int:
        return sum("/elsewhere" in one.path for one in self.bench.hosting.simulator.log)

    def now(self) -> datetime:
        return self.bench.hosting.clock.now()

    def advance(self, seconds: float) -> None:
        self.bench.hosting.clock.sleep(seconds)

    def known(self, stream: str, scope: ScopeRef) -> frozenset[str] | None:
        code, mine = self.bench.hosting.code, self.repository
        if scope.kind == "site":
            return None
        if stream in ("issues", "census"):
            found = [one for one in code.issues.values() if one.repo_id == mine.id]
            return frozenset(str(one.id) for one in found if not one.deleted)
        if stream in ("changes", "change_census"):
            return frozenset(str(one.id) for one in code.changes_in(mine))
        if stream == "runs":
            return frozenset(str(one.id) for one in code.ci.runs_in(mine))
        return None

    def facts(self, stream: str, source_id: str) -> Mapping[str, Any]:
        code = self.bench.hosting.code
        if stream == "issues":
            return {"title": code.issues[int(source_id)].title}
        if stream == "changes":
            return {"title": code.changes[int(source_id)].title}
        return {}

    def touch(self, stream: str, scope: ScopeRef, source_id: str) -> None:
        code, now = self.bench.hosting.code, self.now()
        self.bench.hosting.world.now = now
        if stream == "runs":
            run = code.ci.runs[int(source_id)]
            code.ci.retry(self.repository, run, now, [JobPlan(run.jobs[0].name)])
            return
        item = (code.issues if stream == "issues" else code.changes)[int(source_id)]
        code.retitle(item, f"Renamed at {now}")

    def remove(self, stream: str, scope: ScopeRef, source_id: str) -> None:
        code = self.bench.hosting.code
        if stream == "changes":
            code.delete_change(code.changes[int(source_id)])
        else:
            code.delete_issue(code.issues[int(source_id)])

    def fail(self, fault: Fault, stream: str, *, after_pages: int = 0) -> None:
        said = orjson.dumps({"message": f"Authorization: Bearer {self.secret} is bad"})
        bulk = self.api == "graphql" and stream != "runs"
        where = "/graphql$" if bulk else f"/{_LISTED[stream]}$"
        matching = "." if fault is Fault.REFUSED else where
        headers: dict[str, str] = {}
        status = _STATUS.get(fault, 200)
        if fault is Fault.BUSY:
            status, headers = 429, {"Retry-After": "86400"}
        if fault is Fault.ELSEWHERE:
            # The same machine by another name: another origin.
            port = self.bench.hosting.simulator.port
            status, headers = 302, {"Location": f"http://localhost:{port}/elsewhere/"}
        if fault is Fault.REPEATING:
            said, headers = self._repeating(stream) if bulk else _repeated_rows(stream)
        self.bench.hosting.simulator.script.faults.append(
            Script(matching, status, said, headers, times=None, skip=after_pages)
        )

    def _repeating(self, stream: str) -> tuple[bytes, dict[str, str]]:
        connection = {
            "pageInfo": {"hasNextPage": True, "endCursor": "again"},
            "nodes": [{"databaseId": 1, "number": 1, "updatedAt": "2026-02-01T00:00:00Z"}],
        }
        node = {"databaseId": self.repository.id, _CONNECTION[stream]: connection}
        return orjson.dumps({"data": {"node": node}}), {}

    def heal(self) -> None:
        self.bench.hosting.simulator.script.clear()


def _repeated_rows(stream: str) -> tuple[bytes, dict[str, str]]:
    link = '<https://github.example.net/again?page=2>; rel="next"'
    rows = [{"id": 1, "number": 1, "updated_at": None}]
    body = {"total_count": 1, "workflow_runs": rows} if stream == "runs" else rows
    return orjson.dumps(body), {"Link": link}


_NO_LOOK = {"look": "no host tells what became of a run"}
_NO_ATTEMPTS = {
    **_NO_LOOK,
    "cursor-not-late": "runs are listed by creation: one that was started again long afterwards is "
    "met by the daily look back over thirty days",
}
_CANNOT: Mapping[str, Mapping[str, str]] = {"issues": {}, "changes": {}, "runs": _NO_ATTEMPTS}


@contextmanager
def github(stream: str, api: str, **server: Any) -> Iterator[GitHubWorld]:
    with serving(11, issues=14, changes=6, **server) as bench:
        yield GitHubWorld(bench, stream, api, _CANNOT[stream])


class TestIssuesByGraphQL(ContractSuite):
    @pytest.fixture
    def world(self) -> Iterator[GitHubWorld]:
        with github("issues", "graphql") as world:
            yield world


@pytest.mark.full
class TestIssuesByRest(ContractSuite):
    @pytest.fixture
    def world(self) -> Iterator[GitHubWorld]:
        with github("issues", "rest") as world:
            yield world


@pytest.mark.full
class TestEnterprise(ContractSuite):
    @pytest.fixture
    def world(self) -> Iterator[GitHubWorld]:
        with github("issues", "graphql", enterprise=True, limit=None, newer=False) as world:
            yield world


class TestChangesByGraphQL(ContractSuite):
    @pytest.fixture
    def world(self) -> Iterator[GitHubWorld]:
        with github("changes", "graphql") as world:
            yield world


@pytest.mark.full
class TestChangesByRest(ContractSuite):
    @pytest.fixture
    def world(self) -> Iterator[GitHubWorld]:
        with github("changes", "rest") as world:
            yield world


class TestRuns(ContractSuite):
    @pytest.fixture
    def world(self) -> Iterator[GitHubWorld]:
        with github("runs", "rest") as world:
            yield world
