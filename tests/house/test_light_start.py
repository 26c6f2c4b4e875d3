"""Asking for the version or the help loads nothing heavy."""

import subprocess
import sys

import pytest
from support.checkout import ROOT, pyproject

_HEAVY = {
    "alembic",
    "css_inline",
    "github",
    "gitlab",
    "jinja2",
    "jira",
    "numpy",
    "psycopg",
    "pydantic",
    "pydantic_settings",
    "requests",
    "rich",
    "sqlalchemy",
    "tenacity",
    "zstandard",
}


def _loaded(*arguments: str) -> tuple[str, set[str]]:
    code = f"from sync.cli.main import main; raise SystemExit(main({list(arguments)!r}))"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return done.stdout, {line.rsplit("|", 1)[1].strip() for line in lines}


@pytest.mark.parametrize("arguments", [("--version",), ("--help",)])
def test_nothing_heavy_is_loaded(arguments):
    _, modules = _loaded(*arguments)
    assert "click" in modules
    assert {name.split(".")[0] for name in modules} & _HEAVY == set()


def test_the_version_is_told():
    said, _ = _loaded("--version")
    assert said.strip() == f"driftline, version {pyproject()['project']['version']}"
