"""What `driftline check` says of a token, in front of a simulated server that lets it do less."""

from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from connectors.simulator.build import build
from connectors.simulator.clock import Clock
from connectors.simulator.code_build import build_code
from connectors.simulator.faults import Fault
from connectors.simulator.github import App as GitHubApp
from connectors.simulator.github import GitHub
from connectors.simulator.gitlab import GitLab
from connectors.simulator.jira import Jira
from connectors.simulator.server import Simulator
from connectors.simulator.world import World
from sync.cli.app import App
from sync.cli.main import main

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_CONFIG = """\
name = "Apollo"

[connections.{kind}]
kind = "{kind}"
url = "{url}"
{more}
"""
_SCOPE = b'{"code":401,"message":"Unauthorized; scope does not match"}'
_SOON = timedelta(days=9, hours=1)


@dataclass(frozen=True)
class Scene:
    """A server, and what is missing."""

    server: Callable[[], Any]
    #: lines of the connection's table, with `{names}` for what there is to read.
    more: str
    #: taken away from the login, or from the world, before it is asked.
    change: Callable[[World], None] = lambda world: None
    faults: tuple[Fault, ...] = field(default_factory=tuple)
    token: str | None = None


def said(scene: Scene, directory: Path) -> str:
    """What `driftline check` prints."""
    world = build(7, now=NOW, projects=1, issues_per_project=2)
    build_code(world, 7, repositories=2, changes_per_repository=2, issues_per_repository=1)
    server = scene.server()
    kind = type(server).__name__.lower()
    hosted = [one.path for one in world.code.hosted(kind)] if kind != "jira" else ["APO"]
    scene.change(world)
    clock, out = Clock(NOW), StringIO()
    with Simulator(world, clock, dialects=(server,)) as simulator:
        simulator.script.faults.extend(scene.faults)
        names = ", ".join(f'"{one}"' for one in hosted)
        text = _CONFIG.format(
            kind=kind, url=simulator.url(server.prefix), more=scene.more.replace("{names}", names)
        )
        (directory / "driftline.toml").write_text(text, encoding="utf-8")
        with pytest.MonkeyPatch.context() as patched:
            patched.chdir(directory)
            patched.setenv("TOKEN", scene.token or world.credentials["owner"].token)
            with redirect_stdout(out), redirect_stderr(out):
                main(["check"], app=App(clock=clock, sleep=clock.sleep))
    return out.getvalue().replace(f"http://127.0.0.1:{simulator.port}/{server.prefix}", "…")


def _access(**changes: Any) -> Callable[[World], None]:
    def change(world: World) -> None:
        access = world.code.access_of(world.credentials["owner"])
        for name, value in changes.items():
            setattr(access, name, value)

    return change


def _hides_project(world: World) -> None:
    world.credentials["owner"].hidden_projects = set(world.projects)


_JIRA = 'token_env = "TOKEN"\nprojects = [{names}]\n'
_CLOUD = f'email = "owner@example.net"\n{_JIRA}'
_GITHUB = 'token_env = "TOKEN"\nrepositories = [{names}]\n'
_GITLAB = 'token_env = "TOKEN"\nprojects = [{names}]\n'
_APP = """\
app_id = "4711"
installation_id = 99
private_key_file = "app.pem"
repositories = [{names}]
"""


def _center() -> Jira:
    return Jira(prefix="jira-dc", cloud=False)


def _expiring_github() -> GitHub:
    return GitHub(token_expires=NOW + _SOON)


def _expiring_gitlab() -> GitLab:
    return GitLab(token_expires=date(2026, 3, 11))


def _lacks(permission: str) -> Callable[[World], None]:
    return _access(fine_grained=True, lacking={permission})


def _with_app() -> GitHub:
    return GitHub(app=GitHubApp())


#: Scenes that the pages in `docs/tokens` name.
SCENES: dict[str, Scene] = {
    "jira cloud, wrong token": Scene(Jira, _CLOUD, token="wrong"),
    "jira cloud, no project": Scene(Jira, _CLOUD, _hides_project),
    "jira cloud, all is well": Scene(Jira, _CLOUD),
    "jira cloud, no scope": Scene(Jira, _CLOUD, faults=(Fault("", 401, _SCOPE, times=None),)),
    "jira cloud, no scope for boards": Scene(
        Jira, _CLOUD, faults=(Fault("rest/agile", 401, _SCOPE, times=None),)
    ),
    "jira data center, wrong token": Scene(_center, _JIRA, token="wrong"),
    "jira data center, no project": Scene(_center, _JIRA, _hides_project),
    "jira data center, all is well": Scene(_center, _JIRA),
    "github, wrong token": Scene(GitHub, _GITHUB, token="wrong"),
    "github, classic": Scene(GitHub, _GITHUB, _access(fine_grained=False, scopes=("repo",))),
    "github, classic without repo": Scene(
        GitHub, _GITHUB, _access(fine_grained=False, scopes=("public_repo",))
    ),
    "github, expires": Scene(_expiring_github, _GITHUB, _access(fine_grained=True)),
    "github, fine-grained": Scene(GitHub, _GITHUB, _access(fine_grained=True)),
    **{
        f"github, without {name}": Scene(GitHub, _GITHUB, _lacks(name))
        for name in ("issues", "changes", "contents", "checks", "statuses", "ci", "deployments")
    },
    "github, no repository": Scene(GitHub, 'token_env = "TOKEN"\nrepositories = ["acme/shop"]\n'),
    "github app, no key": Scene(_with_app, _APP),
    "gitlab, no project": Scene(GitLab, 'token_env = "TOKEN"\nprojects = ["acme/shop"]\n'),
    "gitlab, no reporter": Scene(GitLab, _GITLAB, _access(level=10)),
    "gitlab, wrong token": Scene(GitLab, _GITLAB, token="wrong"),
    "gitlab, scope": Scene(GitLab, _GITLAB, _access(scopes=("read_user",))),
    "gitlab, all is well": Scene(GitLab, _GITLAB),
    "gitlab, expires": Scene(_expiring_gitlab, _GITLAB),
}
