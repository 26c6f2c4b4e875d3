"""A small company at the simulated GitLab, every thing of which a test can name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from connectors.simulator.clock import Clock
from connectors.simulator.code_ci import JobPlan
from connectors.simulator.code_things import (
    ChangeRequest,
    FileEdit,
    Group,
    HostIssue,
    HostMilestone,
    Iteration,
    Repository,
    Run,
    TestTotals,
)
from connectors.simulator.gitlab import GitLab
from connectors.simulator.http import Request, Response
from connectors.simulator.world import Credential, World

NOW = datetime(2026, 3, 2, 12, 0, 0, 250_000, UTC)
JOBS = (
    JobPlan("build", stage="build", seconds=60),
    JobPlan("unit", tests=TestTotals(40, 1, 2), coverage=81.5, seconds=120),
    JobPlan("lint", "failure", allow_failure=True),
)


@dataclass
class Company:
    """The world, its server, and its things by name."""

    world: World
    clock: Clock
    server: GitLab
    top: Group
    inner: Group
    shop: Repository
    fork: Repository
    plan: HostMilestone
    quarter: HostMilestone
    iteration: Iteration
    bug: HostIssue
    secret: HostIssue
    merged: ChangeRequest
    open: ChangeRequest
    runs: dict[str, Run] = field(default_factory=dict)

    @property
    def owner(self) -> Credential:
        """The login that asks."""
        return self.world.credentials["owner"]

    def get(self, path: str, **query: Any) -> Response:
        """Ask the REST API as the owner; `query` may also stand in the path."""
        return self.ask("GET", f"api/v4/{path}", query)

    def json(self, path: str, **query: Any) -> Any:
        """The answer of `get`, which must be a good one."""
        found = self.get(path, **query)
        assert found.status == 200, (found.status, found.body)
        return orjson.loads(found.body)

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """One request; with the owner's token unless told otherwise."""
        parts = urlsplit(path)
        asked = parse_qs(parts.query)
        asked |= {name: [str(value)] for name, value in (query or {}).items()}
        sent = {"Authorization": f"Bearer {self.owner.token}"} if headers is None else headers
        request = Request(
            method,
            parts.path,
            asked,
            {"Host": "127.0.0.1:7", **sent},
            b"" if body is None else orjson.dumps(body),
        )
        return self.server.handle(self.world, self.clock, request)

    def graphql(self, query: str, **variables: Any) -> Any:
        """The whole answer to a GraphQL query."""
        asked = {"query": query, "variables": variables}
        found = self.ask("POST", "api/graphql", body=asked)
        assert found.status == 200, (found.status, found.body)
        return orjson.loads(found.body)


def company(**server: Any) -> Company:
    """One group in another, a project with a fork, two issues and two merge requests."""
    world = World(NOW)
    for account, name in (("a1", "Ada Winter"), ("b2", "Ben Okafor")):
        world.add_person(account, name.split()[0].lower(), name)
    world.add_credential(Credential("owner", "owner@example.net", "token-of-the-owner", "a1"))
    code, start = world.code, NOW - timedelta(days=30)
    top = code.add_group("gitlab", "apollo", "Apollo")
    inner = code.add_group("gitlab", "apollo/web", "Web", top)
    shop = code.add_repository(inner, "shop", at=start)
    fork = code.add_repository(inner, "shop-fork", at=start, fork_of=shop.id)
    code.commit(shop, "Begin", author="a1", at=start)
    plan = code.add_milestone(
        shop, "1.0", start=date(2026, 2, 1), due=date(2026, 3, 20), at=start, creator="a1"
    )
    quarter = code.add_milestone(top, "Q1", due=date(2026, 3, 31), at=start)
    iteration = code.add_iteration(top, date(2026, 2, 23), date(2026, 3, 8))
    bug = code.create_issue(
        shop, "Cart is empty", author="a1", at=start, labels=["bug"], assignees=["b2"], type="ISSUE"
    )
    secret = code.create_issue(shop, "Leak", author="a1", at=start, confidential=True)
    code.plan(bug, plan, at=start + timedelta(days=1), by="a1")
    code.set_weight(bug, 3, at=start + timedelta(days=2), by="b2")
    code.set_iteration(bug, iteration, at=start + timedelta(days=3), by="b2")
    files = [FileEdit("src/cart.py", additions=3, deletions=1), FileEdit("tests/test_cart.py")]
    merged = code.open_change(
        shop, "Fill the cart", "fix-cart", [("Fill it", files)],
        author="b2", at=start + timedelta(days=4), body="Closes #1", closes=[bug.id],
    )  # fmt: skip
    code.push(merged, "Tidy", at=start + timedelta(days=5))
    preview = code.preview(merged, at=start + timedelta(days=5))
    assert preview is not None
    runs = {
        "head": code.ci.run(
            shop, "change", merged.head_sha, "fix-cart", start + timedelta(days=5), JOBS,
            change=merged, actor="b2",
        ),
        "result": code.ci.run(
            shop, "merge-result", preview.sha, "fix-cart", start + timedelta(days=5, hours=1),
            JOBS, change=merged, actor="b2",
        ),
    }  # fmt: skip
    code.review(merged, "a1", at=start + timedelta(days=6))
    code.merge(merged, "merge", at=start + timedelta(days=7), by="a1")
    runs["push"] = code.ci.run(
        shop, "push", str(merged.landed_sha), "main", start + timedelta(days=7), JOBS, actor="a1"
    )
    runs["child"] = code.ci.run(
        shop, "child", str(merged.landed_sha), "main", start + timedelta(days=7), JOBS[:1],
        workflow="deploy", parent=runs["push"], actor="a1",
    )  # fmt: skip
    opened = code.open_change(
        shop, "Prices", "prices", [("Add prices", [FileEdit("src/price.py", "added", 20, 0)])],
        author="b2", at=start + timedelta(days=8),
    )  # fmt: skip
    return Company(
        world, Clock(NOW), GitLab(**server), top, inner, shop, fork, plan, quarter, iteration,
        bug, secret, merged, opened, runs,
    )  # fmt: skip
