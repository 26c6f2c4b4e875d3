"""Who asks GitHub's GraphQL, and small answers that many fields share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.simulator.code import CodeWorld
from connectors.simulator.code_things import CodeAccess, HostIssue, Repository
from connectors.simulator.github_checks import Check
from connectors.simulator.github_ids import instant, node_id
from connectors.simulator.graphql import Refused, Resolver
from connectors.simulator.limits import Taken
from connectors.simulator.world import Credential, Person, World

#: Where people look at it.
SITE = "https://github.example.net"
Args = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scene:
    """Who asks, when, and what that costs."""

    world: World
    who: Credential
    #: None: limits are switched off.
    taken: Taken | None = None
    cost: int = 1
    nodes: int = 0

    @property
    def code(self) -> CodeWorld:
        """The code hosts."""
        return self.world.code

    @property
    def access(self) -> CodeAccess:
        """What the login may do."""
        return self.code.access_of(self.who)

    def need(self, *permissions: str) -> None:
        """Refuse a field if the token lacks one of these."""
        if self.access.lacking.intersection(permissions):
            raise Refused("Resource not accessible by personal access token", "FORBIDDEN")

    def repo(self, id_: int) -> Repository:
        """A repository by its id."""
        return self.code.repositories[id_]

    def seen(self, repo: Repository | None) -> Repository | None:
        """The repository, if the login may see it and its single sign-on lets the token in."""
        if repo is None or repo.host != "github" or not self.code.visible(self.who, repo):
            return None
        if repo.private and repo.group_id in self.access.unauthorised:
            raise Refused(
                "Resource protected by organization SAML enforcement. You must grant your Personal"
                " Access token access to this organization.",
                "FORBIDDEN",
            )
        return repo


def person(scene: Scene, account_id: str | None) -> Person | None:
    """An account; None for one that is gone."""
    return scene.world.people.get(account_id) if account_id else None


def labelled(id_: int, name: str) -> dict[str, Any]:
    """A label."""
    return {"__typename": "Label", "id": node_id("LA", id_), "name": name}


def reason_word(reason: str | None, duplicate: bool) -> str | None:
    """Why an issue was closed; servers of old had no word for duplicates."""
    if reason == "duplicate" and not duplicate:
        return "NOT_PLANNED"
    return reason.upper() if reason else None


def typed(name: str | None) -> Any:
    """A type of issues."""
    return {"__typename": "IssueType", "id": f"IT_{name}", "name": name} if name else None


def linked(scene: Scene, id_: int | None) -> HostIssue | None:
    """An issue that another one names; None if the login does not see it."""
    found = scene.code.issues.get(id_ or 0)
    if found is None or found.deleted:
        return None
    return found if scene.code.visible(scene.who, scene.repo(found.repo_id)) else None


def at(name: str) -> Resolver:
    """The resolver of an instant."""
    return lambda scene, one, _: instant(getattr(one, name))


def get(name: str) -> Resolver:
    """The resolver of a plain attribute under another name."""
    return lambda scene, one, _: getattr(one, name)


def check_url(one: Check) -> str:
    """Where people look at a check."""
    if one.run is not None:
        return f"{SITE}/{one.repo.path}/actions/runs/{one.run.id}/job/{one.id}"
    return f"{SITE}/{one.repo.path}/runs/{one.id}"
