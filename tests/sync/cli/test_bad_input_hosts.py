"""Bad input from GitHub and GitLab: one clear message, the right exit code, no secret."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.commands import Said
from support.hosts import NOW

from connectors.simulator.build import build
from connectors.simulator.clock import Clock
from connectors.simulator.code_build import build_code
from connectors.simulator.faults import Fault
from connectors.simulator.github import GitHub
from connectors.simulator.gitlab import GitLab
from connectors.simulator.server import Simulator
from connectors.simulator.world import World
from sync.cli.app import App
from sync.cli.main import main

WRONG = "token-nobody-may-see"
CONFIG = """\
name = "Apollo"

[connections.code]
kind = "{kind}"
url = "{url}"
token_env = "CODE_TOKEN"
{key} = [{paths}]
{more}
"""


@dataclass
class Desk:
    """A directory, a server, and the commands a person types."""

    simulator: Simulator
    world: World
    clock: Clock
    kind: str
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    @property
    def paths(self) -> list[str]:
        """Repositories of the company."""
        return [one.path for one in self.world.code.hosted(self.kind)]

    def configure(self, *paths: str, url: str | None = None, more: str = "") -> None:
        """Write driftline.toml."""
        prefix = next(iter(self.simulator.dialects))
        address = url or self.simulator.url(prefix) + ("/api/v3" if "enterprise" in prefix else "")
        text = CONFIG.format(
            kind=self.kind,
            url=address,
            key="repositories" if self.kind == "github" else "projects",
            paths=", ".join(f'"{one}"' for one in paths or self.paths),
            more=more,
        )
        Path("driftline.toml").write_text(text, encoding="utf-8")

    def type(self, *words: str) -> Said:
        """Run a command at the world's time."""
        self.capsys.readouterr()
        code = main(list(words), app=App(clock=self.clock, sleep=self.clock.sleep))
        captured = self.capsys.readouterr()
        return Said(code, captured.out, captured.err)

    def outcomes(self) -> dict[str, str]:
        """Outcome of each stream in the last run."""
        found = self.type("status", "--json").json
        return {f"{one['scope']} {one['stream']}": one["outcome"] for one in found["streams"]}


Serve = Callable[..., Any]


@pytest.fixture
def serve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Serve:
    """Serves a small company by one dialect."""
    monkeypatch.chdir(tmp_path)

    @contextmanager
    def serving(dialect: GitHub | GitLab) -> Iterator[Desk]:
        kind = "github" if isinstance(dialect, GitHub) else "gitlab"
        clock = Clock(NOW)
        world = build(5, now=NOW, projects=1, issues_per_project=12)
        build_code(
            world,
            5,
            repositories=1,
            changes_per_repository=5,
            issues_per_repository=3,
            hosts=(kind,),
        )
        monkeypatch.setenv("CODE_TOKEN", world.credentials["owner"].token)
        with Simulator(world, clock, dialects=(dialect,)) as simulator:
            made = Desk(simulator, world, clock, kind, monkeypatch, capsys)
            made.configure()
            yield made

    return serving


def clear(said: Said, code: int, *words: str) -> None:
    assert said.code == code, said
    assert "Traceback" not in said.err
    assert "has a bug" not in said.err
    for word in words:
        assert word in said.err + said.out, said
    assert WRONG not in said.err + said.out


BOTH = pytest.mark.parametrize("dialect", [GitHub, GitLab])


@BOTH
def test_wrong_token(serve: Serve, dialect: Any) -> None:
    with serve(dialect()) as at:
        at.monkeypatch.setenv("CODE_TOKEN", WRONG)
        clear(at.type("check"), 2, "the server refuses the credentials")
        clear(at.type("run"), 4, "the server refuses the credentials")


@pytest.mark.full
@BOTH
def test_a_repository_that_is_not_there(serve: Serve, dialect: Any) -> None:
    with serve(dialect()) as at:
        at.configure(*at.paths, "apollo/nowhere")
        clear(at.type("check"), 2, "apollo/nowhere", "not there, or not visible")
        clear(at.type("sync"), 4, "apollo/nowhere")
        assert at.outcomes()[f"{at.paths[0]} issues"] == "complete"


@BOTH
def test_a_web_page_in_place_of_data(serve: Serve, dialect: Any) -> None:
    with serve(dialect()) as at:
        page = b"<html><head><title>Sign in</title></head></html>"
        at.simulator.script.faults.append(
            Fault(".", status=200, body=page, content_type="text/html", times=None)
        )
        clear(at.type("sync"), 4, "web page instead of data", "Check the address")


@BOTH
def test_nothing_answers(serve: Serve, dialect: Any) -> None:
    with serve(dialect()) as at:
        at.configure(url="http://127.0.0.1:9/api/v3")
        clear(at.type("check"), 4, "no answer")
        clear(at.type("run"), 4, "no answer")


@pytest.mark.full
@BOTH
def test_graphql_is_off(serve: Serve, dialect: Any) -> None:
    """`auto` reads by REST and says so; who insists on GraphQL is told."""
    with serve(dialect(graphql=False)) as at:
        clear(at.type("sync"), 0)
        assert set(at.outcomes().values()) <= {"complete", "unavailable"}
        assert "GraphQL" in at.type("check").out
        at.configure(more='api = "graphql"')
        said = at.type("sync")
        clear(said, 4, "GraphQL", 'api = "auto"')


@pytest.mark.full
def test_fine_grained_token_without_a_permission(serve: Serve) -> None:
    with serve(GitHub()) as at:
        access = at.world.code.access_of(at.world.credentials["owner"])
        access.fine_grained = True
        access.lacking |= {"checks", "statuses"}
        told = at.type("check")
        clear(told, told.code, "Checks", "administrator")
        clear(at.type("run"), 0 if at.type("run").code == 0 else 4)
        assert at.outcomes()[f"{at.paths[0]} issues"] == "complete"
        found = at.type("export", "v_verdict", "--format", "jsonl").out
        assert '"verdict": "tested' not in found


def test_organisation_behind_single_sign_on(serve: Serve) -> None:
    with serve(GitHub()) as at:
        access = at.world.code.access_of(at.world.credentials["owner"])
        access.unauthorised |= set(at.world.code.groups)
        clear(at.type("check"), 2, "single sign-on. Open the token's settings", "authorise it")
        clear(at.type("run"), 4, "single sign-on")


@pytest.mark.full
def test_enterprise_with_its_limits_off(serve: Serve) -> None:
    for zero in (False, True):
        server = GitHub(
            prefix="github-enterprise", enterprise=True, limit=None, points=None, tells_zero=zero
        )
        with serve(server) as at:
            clear(at.type("sync"), 0)
            Path("driftline.db").unlink()


@pytest.mark.full
@BOTH
def test_a_feature_that_is_off(serve: Serve, dialect: Any) -> None:
    with serve(dialect()) as at:
        (repo,) = at.world.code.hosted(at.kind)
        repo.features = repo.features - {"issues"}
        clear(at.type("sync"), 0)
        outcomes = at.outcomes()
        assert outcomes[f"{repo.path} issues"] == "unavailable"
        assert outcomes[f"{repo.path} changes"] == "complete"


@BOTH
def test_the_limit_is_used_up(serve: Serve, dialect: Any) -> None:
    with serve(dialect()) as at:
        at.simulator.script.faults.append(
            Fault(".", status=429, headers={"Retry-After": "7200"}, times=None)
        )
        clear(at.type("sync"), 4, "limit")


def test_a_token_that_ends_soon(serve: Serve) -> None:
    with serve(GitHub(token_expires=NOW + timedelta(days=3))) as at:
        assert "the token expires in 3 days" in at.type("check").out
    with serve(GitLab(token_expires=(NOW + timedelta(days=3)).date())) as at:
        assert "expires" in at.type("check").out
