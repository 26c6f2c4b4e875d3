"""The command line in front of a simulated Jira, in a directory of its own."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.jira_site import Bench, serving

from sync.cli.app import App
from sync.cli.main import main

CONFIG = """\
name = "Apollo"
time_zone = "UTC"

[sync]
workers = 2

[connections.jira]
kind = "jira"
url = "{url}"
email = "{email}"
token_env = "JIRA_TOKEN"
projects = ["APO"]

[milestones]
judge = ["APO:Release 3.2"]

[mail]
from = "driftline@example.net"
to = ["tpm@example.net", "leads@example.net"]
"""


@dataclass
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output as one JSON object."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass
class Desk:
    """A directory, a server, and the commands a person types."""

    bench: Bench
    directory: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    @property
    def token(self) -> str:
        """The right token."""
        return self.bench.world.credentials["owner"].token

    @property
    def url(self) -> str:
        """Address of the simulated Jira."""
        return self.bench.simulator.url(self.bench.dialect)

    def configure(self, **changes: str) -> None:
        """Write driftline.toml; `changes`: texts to replace, by what replaces them."""
        who = self.bench.world.credentials["owner"]
        text = CONFIG.format(url=self.url, email=who.email)
        for new, old in changes.items():
            text = text.replace(old, new)
        self.write(text)

    def write(self, text: str) -> None:
        """Write driftline.toml as it is given."""
        (self.directory / "driftline.toml").write_text(text, encoding="utf-8")

    def text(self) -> str:
        """What stands in driftline.toml."""
        return (self.directory / "driftline.toml").read_text(encoding="utf-8")

    def type(self, *words: str) -> Said:
        """Run a command at the world's time."""
        self.capsys.readouterr()
        app = App(clock=self.bench.clock, sleep=self.bench.clock.sleep)
        code = main(list(words), app=app)
        captured = self.capsys.readouterr()
        return Said(code, captured.out, captured.err)


@contextmanager
def desk(
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    issues: int = 12,
    cloud: bool = True,
) -> Iterator[Desk]:
    """A configured desk."""
    monkeypatch.chdir(directory)
    with serving(issues=issues, cloud=cloud) as bench:
        made = Desk(bench, directory, monkeypatch, capsys)
        monkeypatch.setenv("JIRA_TOKEN", made.token)
        made.configure()
        yield made
