"""The command line in front of a simulated Jira, in a directory of its own."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
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


#: Enough for a milestone with a history, few enough to be read at once.
ISSUES = 12


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

    def configure(self) -> None:
        """Write driftline.toml."""
        who = self.bench.world.credentials["owner"]
        self.write(CONFIG.format(url=self.url, email=who.email))

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
    bench: Bench | None = None,
    store: Path | None = None,
) -> Iterator[Desk]:
    """A configured desk, with a server of its own unless `bench` is one, and a copy of `store`."""
    monkeypatch.chdir(directory)
    with nullcontext(bench) if bench is not None else serving(issues=ISSUES) as used:
        made = Desk(used, directory, monkeypatch, capsys)
        monkeypatch.setenv("JIRA_TOKEN", made.token)
        made.configure()
        if store is not None:
            shutil.copyfile(store, directory / "driftline.db")
        yield made


def judged(bench: Bench, directory: Path) -> Path:
    """A store in which the world was read and reconciled once."""
    file = directory / "judged.db"
    text = CONFIG.format(url=bench.simulator.url(bench.dialect), email="owner@example.net")
    config = directory / "driftline.toml"
    config.write_text(f'store = "judged.db"\n{text}', encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("JIRA_TOKEN", bench.world.credentials["owner"].token)
        for command in ("sync", "reconcile"):
            app = App(clock=bench.clock, sleep=bench.clock.sleep)
            assert main(["--config", str(config), "-q", command], app=app) == 0
    return file
