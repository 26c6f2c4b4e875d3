"""Each login sees what it may and no more, item by item; the ledger of what is knowable agrees."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from connectors.simulator import edits
from connectors.simulator.build import build
from connectors.simulator.clock import Clock
from connectors.simulator.code_build import build_code
from connectors.simulator.server import Simulator
from connectors.simulator.world import Credential, World

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def served() -> Iterator[Simulator]:
    world = build(5, now=NOW, projects=1, issues_per_project=10)
    build_code(world, 5, repositories=2, changes_per_repository=2, issues_per_repository=4)
    other = Credential("guest", "guest@example.net", "token-guest", "5b10a0001")
    other.sees_restricted = False
    world.add_credential(other)
    world.code.access_of(other).sees_confidential = False
    with Simulator(world, Clock(NOW)) as simulator:
        yield simulator


def seen(at: Simulator, who: str, path: str, **params: Any) -> tuple[int, set[str]]:
    """(status, ids) of a listing as a login gets it."""
    held = at.world.credentials[who]
    answer = requests.get(
        f"http://127.0.0.1:{at.port}/{path}",
        params=params,
        headers={"Authorization": f"Bearer {held.token}"},
        timeout=5,
    )
    found = answer.json()
    rows = found.get("issues", []) if isinstance(found, dict) else found
    return answer.status_code, {str(one["id"]) for one in rows}


def known(world: World, who: str, noun: str) -> set[str]:
    """Ids of issues that the ledger says this login can know of."""
    login = world.credentials[who]
    held = world.knowable(login) if noun == "issue" else world.code.knowable(login)
    return {one.subject.partition(":")[2] for one in held if one.what == f"{noun}.created"}


def test_a_security_level_of_jira_hides_an_issue_from_some(served: Simulator) -> None:
    world = served.world
    issue = next(one for one in world.alive() if not one.restricted)
    world.restrict(issue, True)
    path = "jira-dc/rest/api/2/search"
    everything, some = (
        seen(served, who, path, jql="project = APO", maxResults=100)[1]
        for who in ("owner", "guest")
    )
    assert str(issue.id) in everything - some
    assert everything == known(world, "owner", "issue")
    assert some == known(world, "guest", "issue")
    assert seen(served, "guest", f"jira-dc/rest/api/2/issue/{issue.id}")[0] == 404


def test_a_confidential_issue_of_gitlab_is_for_members(served: Simulator) -> None:
    code = served.world.code
    (repo,) = code.hosted("gitlab")
    issue = code.issues_in(repo)[0]
    code.set_confidential(issue, True)
    path = f"gitlab/api/v4/projects/{repo.id}/issues"
    assert str(issue.id) in seen(served, "owner", path)[1]
    assert seen(served, "guest", path)[1] == {
        str(one.id) for one in code.issues_in(repo) if one is not issue
    }
    assert str(issue.id) not in known(served.world, "guest", "host-issue")


@pytest.mark.parametrize(
    ("host", "path"),
    [("github", "github/repositories/{}"), ("gitlab", "gitlab/api/v4/projects/{}")],
)
def test_a_private_repository_is_not_there_for_others(
    served: Simulator, host: Any, path: str
) -> None:
    world = served.world
    (repo,) = world.code.hosted(host)
    edits.revoke(world, world.credentials["guest"], repo)
    address = f"{path.format(repo.id)}/issues"
    assert seen(served, "guest", address) == (404, set())
    assert seen(served, "owner", address)[0] == 200
    assert {one.status for one in served.asked(address, by="guest")} == {404}


def test_a_token_that_was_taken_back_opens_nothing(served: Simulator) -> None:
    world = served.world
    (repo,) = world.code.hosted("github")
    edits.revoke_token(world, world.credentials["guest"])
    for path in (
        "jira-dc/rest/api/2/search",
        f"github/repositories/{repo.id}/issues",
        f"gitlab/api/v4/projects/{repo.id}/issues",
    ):
        assert seen(served, "guest", path)[0] == 401
