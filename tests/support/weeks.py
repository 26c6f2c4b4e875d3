"""Days of cron in a company of three systems: `driftline run` each morning, and real mail."""

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from support.company import CONFIG
from support.mail_server import Handler, Running, mail_server

from connectors.simulator.build import build
from connectors.simulator.clock import Clock
from connectors.simulator.code_build import build_code
from connectors.simulator.edits import edit_issue
from connectors.simulator.faults import Fault
from connectors.simulator.server import Simulator
from connectors.simulator.world import Issue, Project, Version, World
from sync.cli.app import App
from sync.cli.main import main

#: A Monday morning before work.
MONDAY = datetime(2026, 3, 2, 6, 15, tzinfo=UTC)
TPM, LEAD = "tpm@example.net", "lead@example.net"
_MORE = """
[milestones]
judge = {judge}

[mail]
from = "driftline@example.net"
to = ["{tpm}", {{ address = "{lead}", audience = "engineer", projects = ["APO"] }}]
host = "127.0.0.1"
port = {port}
security = "plain"
"""


@dataclass
class Weeks:
    """A company, a desk with a cron line, and a mailbox."""

    world: World
    clock: Clock
    simulator: Simulator
    server: Running
    directory: Path
    capsys: pytest.CaptureFixture[str]
    day: int = 0
    _edits: random.Random = field(default_factory=lambda: random.Random(5))

    @property
    def project(self) -> Project:
        """The one project whose work is planned in sprints."""
        return next(one for one in self.world.projects.values() if one.kind == "scrum")

    def release(self, name: str, start: date, due: date, *, items: int, done: int) -> Version:
        """A release that was planned before it began, and a part of it finished."""
        world, project = self.world, self.project
        version = world.add_version(project, name, start, due)
        begun = datetime.combine(start, datetime.min.time(), UTC)
        people = world.humans()
        for place in range(items):
            issue = world.create_issue(
                project,
                "Story",
                f"{name} part {place + 1}",
                at=begun - timedelta(days=3),
                reporter=people[0],
                assignee=people[place % len(people)],
                points=2.0,
                versions=[version.id],
            )
            if place < done:
                ended = world.now - timedelta(days=2 + place)
                world.transition(issue, "In Progress", at=ended - timedelta(days=2))
                self.finish(issue, ended)
        return version

    def finish(self, issue: Issue, at: datetime) -> None:
        """Review it and call it done."""
        self.world.transition(issue, "In Review", at=at - timedelta(hours=6))
        self.world.transition(issue, "Done", at=at)

    def open_in(self, version: Version) -> list[Issue]:
        """What is still to do for a release."""
        return [one for one in self.world.alive() if version.id in one.versions and not one.is_done]

    def edit(self) -> None:
        """Somebody retitles an item of each system: nothing that the plan knows of."""
        code = self.world.code
        for one in (
            self._edits.choice(sorted(self.world.alive(), key=lambda issue: issue.id)),
            *(code.issues[min(code.issues)] for _ in range(1) if code.issues),
        ):
            edit_issue(self.world, one, f"Reworded on day {self.day}: {one.id}")

    def tomorrow(self) -> None:
        """Let the day pass, with an edit at noon."""
        self.clock.advance(timedelta(hours=6))
        self.world.now = self.clock.now()
        self.edit()
        self.clock.advance(timedelta(hours=18))
        self.world.now = self.clock.now()
        self.day += 1

    def cron(self, *words: str) -> tuple[int, list[EmailMessage]]:
        """`driftline run --quiet`, or another command: exit code, and mails that arrived."""
        self.server.handler.envelopes.clear()
        app = App(clock=self.clock, sleep=self.clock.sleep)
        code = main(list(words or ("run", "--quiet")), app=app)
        return code, self.server.handler.messages

    def said(self, *words: str) -> str:
        """What another command prints."""
        self.capsys.readouterr()
        assert main(list(words), app=App(clock=self.clock, sleep=self.clock.sleep)) == 0
        return self.capsys.readouterr().out

    def break_issues(self) -> Fault:
        """The server of Jira no longer answers when it is asked for issues."""
        fault = Fault(r"/rest/api/\d/search", status=500, times=None)
        self.simulator.script.faults.append(fault)
        return fault

    def mend(self, fault: Fault) -> None:
        """It does again."""
        self.simulator.script.faults.remove(fault)

    def map_statuses(self, text: str) -> None:
        """Write the mapping file of the organisation."""
        (self.directory / "mapping.toml").write_text(text, encoding="utf-8")


@contextmanager
def weeks(
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    judge: Sequence[str],
    issues: int = 24,
    changes: int = 6,
) -> Iterator[Weeks]:
    """A served company on a Monday morning, before its first report."""
    world = build(7, now=MONDAY, projects=1, issues_per_project=issues)
    build_code(world, 7, repositories=2, changes_per_repository=changes, issues_per_repository=3)
    clock = Clock(MONDAY)
    monkeypatch.chdir(directory)
    owner = world.credentials["owner"]
    monkeypatch.setenv("TOKEN", owner.token)
    with Simulator(world, clock) as simulator, mail_server(Handler()) as server:
        text = CONFIG.format(
            store=json.dumps("driftline.db"),
            workers=1,
            url=f"http://127.0.0.1:{simulator.port}",
            email=owner.email,
            projects=json.dumps(["APO"]),
            repositories=json.dumps([one.path for one in world.code.hosted("github")]),
            code=json.dumps([one.path for one in world.code.hosted("gitlab")]),
        )
        more = _MORE.format(judge=json.dumps(list(judge)), tpm=TPM, lead=LEAD, port=server.port)
        text = text.replace('name = "Apollo"\n', 'name = "Apollo"\ntime_zone = "Europe/Berlin"\n')
        text += '\n[mapping]\norganisation = "mapping.toml"\n'
        (directory / "driftline.toml").write_text(text + more, encoding="utf-8")
        made = Weeks(world, clock, simulator, server, directory, capsys)
        made.map_statuses("")
        yield made


def plain(mail: EmailMessage) -> str:
    """The text part of a mail."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def above_the_fold(mail: EmailMessage) -> str:
    """From the first line to where the risks, or what comes after them, begin."""
    lines = plain(mail).splitlines()
    for place, line in enumerate(lines):
        if line in _BELOW:
            return "\n".join(lines[:place]).rstrip()
    return "\n".join(lines).rstrip()


_BELOW = ("TOP RISKS", "4. TOP RISKS", "MILESTONES", "5. MILESTONES", "WHAT THIS RESTS ON")
