"""What stands in private repositories and confidential issues is named by no output."""

import contextlib
import io
import re
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.simulator.build import build
from connectors.simulator.clock import Clock
from connectors.simulator.code_build import build_code
from connectors.simulator.github import GitHub
from connectors.simulator.gitlab import GitLab
from connectors.simulator.server import Simulator
from sync.cli.app import App
from sync.cli.main import main
from sync.report.rendering import FORMATS
from sync.store.views import VIEWS

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
CONFIG = """\
[connections.code]
kind = "{kind}"
url = "{url}"
token_env = "CODE_TOKEN"
{key} = ["{path}"]

[mail]
from = "driftline@example.net"
to = ["tpm@example.net", "leads@example.net"]
"""
#: Texts of one item; the names of milestones and repositories are those of what holds many.
TEXTS = {"HostIssue": ("title", "body"), "ChangeRequest": ("title", "body"), "Release": ("body",)}


def mark(code: Any) -> int:
    """Put a mark into every text of an item; how many there are."""
    marked = 0
    for held in vars(code).values():
        for one in held.values() if isinstance(held, dict) else ():
            if is_dataclass(one):
                for name in {field.name for field in fields(one)} & set(
                    TEXTS.get(type(one).__name__, ())
                ):
                    setattr(one, name, f"SECRET{type(one).__name__} {getattr(one, name)}")
                    marked += 1
    return marked


@pytest.mark.full
@pytest.mark.parametrize("dialect", [GitHub, GitLab])
def test_no_output_names_what_is_private(
    dialect: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    served, clock = dialect(), Clock(NOW)
    kind: Any = "github" if dialect is GitHub else "gitlab"
    world = build(5, now=NOW, projects=1, issues_per_project=12)
    build_code(
        world, 5, repositories=1, changes_per_repository=5, issues_per_repository=3, hosts=(kind,)
    )
    assert mark(world.code) > 12
    assert all(one.private for one in world.code.hosted(kind))
    monkeypatch.setenv("CODE_TOKEN", world.credentials["owner"].token)
    path = world.code.hosted(kind)[0].path
    said: dict[str, str] = {}
    with Simulator(world, clock, dialects=(served,)) as simulator:
        key = "repositories" if kind == "github" else "projects"
        url = simulator.url(served.prefix)
        text = CONFIG.format(kind=kind, url=url, key=key, path=path)
        Path("driftline.toml").write_text(text, encoding="utf-8")

        def type_(*words: str) -> None:
            out = io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
                main(list(words), app=App(clock=clock, sleep=clock.sleep))
            said[" ".join(words)] = out.getvalue()

        type_("run", "--no-mail")
        for line in ("reconcile", "findings list", "status", "check", "milestones list"):
            type_(*line.split())
            type_(*line.split(), "--json")
        type_("tests", path)
        for form in FORMATS:
            type_("report", "--format", form)
        type_("report", "--email", "--dry-run")
        for view in VIEWS:
            type_("export", view.name)
        for file in Path("reports").iterdir():
            said[file.name] = file.read_text(encoding="utf-8")
    assert sum(name.endswith(".eml") for name in said) == 2
    assert len(said["export v_change_request"].splitlines()) > 3
    for name, told in said.items():
        assert not re.findall("SECRET[A-Z]\\w+", told), name
