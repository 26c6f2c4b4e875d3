"""A reader who types what a page shows: a shell, `driftline`, and the company to try it on."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.checkout import ROOT
from support.pages import Block

from connectors.simulator.build import build
from connectors.simulator.clock import Clock
from connectors.simulator.server import Simulator
from connectors.simulator.story import GAP, Story
from connectors.simulator.story_code import CodeStory
from connectors.simulator.world import World
from sync.cli.app import App
from sync.cli.demo import START
from sync.cli.demo_company import confirm
from sync.cli.main import main
from sync.store.open import open_store

SEED = 1
_CONFIG = """\
name = "Apollo"
time_zone = "UTC"

[sync]
workers = 1

[connections.jira]
kind = "jira"
url = "{url}/jira-cloud"
email = "{email}"
token_env = "JIRA_TOKEN"
projects = {projects}

[connections.github]
kind = "github"
url = "{url}/github"
token_env = "GITHUB_TOKEN"
repositories = {repositories}

[connections.gitlab]
kind = "gitlab"
url = "{url}/gitlab"
token_env = "GITLAB_TOKEN"
projects = {code}

[milestones]
judge = {judge}

[mail]
from = "driftline@example.com"
to = ["tpm@example.com"]
"""
#: `driftline` of this environment, in the company's present: the clock alone is another.
_DRIFTLINE = """\
#!{python}
import sys
from datetime import datetime

from sync.cli.app import App
from sync.cli.main import main


class Present:
    def now(self):
        return datetime.fromisoformat({now!r})


sys.exit(main(app=App(clock=Present(), sleep=lambda seconds: None)))
"""
#: Seconds after which a page's commands have hung.
PATIENCE = 280


@dataclass(frozen=True, slots=True)
class Answer:
    """What one command did."""

    command: str
    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Company:
    """The demo's company a week later, served; a folder in which it was read twice."""

    simulator: Simulator
    world: World
    #: `driftline.toml` and `driftline.db`.
    desk: Path
    now: datetime
    #: what stands for a reader's own names: the page's word -> the word here.
    names: dict[str, str]

    def words(self, text: str) -> str:
        """A page's text with the reader's own names in it."""
        for shown, own in self.names.items():
            text = re.sub(rf"(?<![\w/-]){re.escape(shown)}(?![\w-])", lambda _, o=own: o, text)
        return text


@contextmanager
def company(directory: Path) -> Iterator[Company]:
    """Serve the company, and read it as somebody did who has used driftline for a week."""
    world = build(SEED, now=START)
    story = CodeStory(world, Story.plan(world, SEED), SEED)
    clock = Clock(START)
    desk = directory / "desk"
    desk.mkdir()
    with Simulator(world, clock) as simulator, pytest.MonkeyPatch.context() as patched:
        owner = world.credentials["owner"]
        text = _CONFIG.format(
            url=f"http://127.0.0.1:{simulator.port}",
            email=owner.email,
            projects=json.dumps([one.key for one in world.projects.values()]),
            repositories=json.dumps([one.path for one in world.code.hosted("github")]),
            code=json.dumps([one.path for one in world.code.hosted("gitlab")]),
            judge=json.dumps(list(story.judged)),
        )
        (desk / "driftline.toml").write_text(text, encoding="utf-8")
        for name in ("JIRA_TOKEN", "GITHUB_TOKEN", "GITLAB_TOKEN"):
            patched.setenv(name, owner.token)

        def typed(*words: str) -> None:
            app = App(clock=clock, sleep=clock.sleep)
            assert main(["--config", str(desk / "driftline.toml"), "-q", *words], app=app) == 0

        typed("run")
        store = open_store(str(desk / "driftline.db"))
        confirm(store, story, clock)
        store.close()
        story.moves()
        clock.advance(GAP)
        typed("run")
        yield Company(simulator, world, desk, clock.now(), _names(desk, simulator, owner.token))


def _names(desk: Path, simulator: Simulator, token: str) -> dict[str, str]:
    """What the pages call things, and what they are called in the company."""
    store = open_store(str(desk / "driftline.db"))
    with store.reading() as conn:
        finding = conn.execute(
            sa.text("SELECT fingerprint FROM v_finding WHERE state = 'new' ORDER BY 1")
        ).scalar()
        landed = conn.execute(
            sa.text(
                "SELECT landed_sha FROM v_change_request "
                "WHERE repository = 'apollo/billing' AND landed_sha IS NOT NULL"
            )
        ).scalar()
        person = conn.execute(
            sa.text(
                "SELECT 'github:' || a.source_id FROM account a JOIN connection c "
                "ON c.id = a.connection_id WHERE c.kind = 'github' AND NOT a.is_bot"
            )
        ).scalar()
    store.close()
    return {
        "github:ada": str(person),
        "4f2a9c1": str(landed),
        "1a2b3c4d": str(landed),
        # Another place to copy to: PostgreSQL itself is in the tests of `db`.
        "postgresql://driftline@db.example.com/driftline": "copy.db",
        "https://example.atlassian.net": simulator.url("jira-cloud"),
        "github/acme/web:v3.2": "github/apollo/shop-web:3.2",
        "acme/web": "apollo/shop-web",
        "acme/api": "apollo/billing",
        "3f9a0c": str(finding)[:6],
        "JIRA_TOKEN=...": f"JIRA_TOKEN={token}",
        "GITHUB_TOKEN=...": f"GITHUB_TOKEN={token}",
        "GITLAB_TOKEN=...": f"GITLAB_TOKEN={token}",
    }


@dataclass(slots=True)
class Reader:
    """Somebody with a shell in a folder."""

    company: Company
    directory: Path
    answers: list[Answer] = field(default_factory=list)
    folders: int = 0
    here: Path = field(init=False)

    def __post_init__(self) -> None:
        """Begin in an empty folder."""
        tools = self.directory / "bin"
        tools.mkdir()
        typed = tools / "driftline"
        now = self.company.now.isoformat()
        typed.write_text(_DRIFTLINE.format(python=sys.executable, now=now), encoding="utf-8")
        typed.chmod(0o755)
        self.given("empty")

    def given(self, what: str) -> None:
        """Go on in a new folder."""
        self.folders += 1
        self.here = self.directory / f"folder-{self.folders}"
        self.here.mkdir()
        desk = self.company.desk
        if what != "empty":
            shutil.copyfile(desk / "driftline.toml", self.here / "driftline.toml")
        if what == "company":
            for file in ("driftline.db", "driftline.db-wal"):
                if (desk / file).exists():
                    shutil.copyfile(desk / file, self.here / file)

    def follow(self, blocks: Iterable[Block]) -> list[Answer]:
        """Do what blocks say, in their order. Raises AssertionError where it goes wrong."""
        for block in blocks:
            for what in block.told("given"):
                self.given(what)
            if block.not_run is not None:
                continue
            for command in block.told("before"):
                made = self.type(self.company.words(command))
                assert made.code == 0, f"line {block.line}: {command}\n{made.err}"
            text = self.company.words(block.text)
            for name in block.told("file"):
                (self.here / name).write_text(text, encoding="utf-8")
            for name in block.told("append to"):
                with (self.here / name).open("a", encoding="utf-8") as file:
                    file.write(f"\n{text}")
            if block.commands:
                self._type(block)
        return self.answers

    def _type(self, block: Block) -> None:
        """Type a block's commands. Raises AssertionError where one does not end as it should."""
        asked = "|".join(block.told("answers"))
        given = "".join(f"{self.company.words(one.strip())}\n" for one in asked.split("|"))
        new = [self.type(self.company.words(one), given) for one in block.commands]
        self.answers += new
        codes = {one.code for one in new} - {0}
        bad = [one for one in new if one.code] or new
        told = "\n".join(f"$ {one.command}\n{one.out}{one.err}[{one.code}]" for one in bad)
        wanted = {block.exit_code} - {0}
        assert codes == wanted, f"line {block.line}: ended with {codes}, not {wanted}\n{told}"
        printed = "".join(one.out + one.err for one in new)
        for text in block.told("prints"):
            assert text in printed, f"line {block.line}: does not print {text!r}\n{told}"

    def type(self, command: str, given: str = "") -> Answer:
        """Type one command line; what it exports holds for the next ones."""
        kept = self.directory / "exported"
        script = (
            f'{{ . "$KEPT"; }} 2>/dev/null\n{command}\ncode=$?\nexport -p > "$KEPT"\nexit $code\n'
        )
        tokens = {
            name: self.company.names[f"{name}=..."].partition("=")[2]
            for name in ("JIRA_TOKEN", "GITHUB_TOKEN", "GITLAB_TOKEN")
            if (self.here / "driftline.toml").exists()
        }
        mine = {
            name: value for name, value in os.environ.items() if not name.startswith("DRIFTLINE_")
        }
        done = subprocess.run(
            ["bash", "-c", script],
            input=given,
            cwd=self.here,
            env={
                **mine,
                **tokens,
                "PATH": f"{self.directory / 'bin'}{os.pathsep}{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
                "NO_PROXY": "*",
                "USER": "reader",
                "KEPT": str(kept),
            },
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        return Answer(command, done.returncode, done.stdout, done.stderr)
