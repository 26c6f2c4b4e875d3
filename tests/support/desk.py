"""A store with a small world, a configuration, a clock, and somebody who types commands at it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support import cases

from sync.cli.app import App
from sync.cli.main import main
from sync.store import schema
from sync.store.open import Store, open_store

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
DAY = timedelta(days=1)
CONFIG = """\
[connections.jira]
kind = "jira"
url = "https://jira.example.net"
token_env = "JIRA_TOKEN"
projects = ["APO"]

[milestones]
judge = ["APO:R1"]

[people]
ada = ["jira:u1"]

[findings]
author = "ada"
suppressions = "suppressions.toml"
"""
WORLD: dict[str, Any] = {
    "now": NOW,
    "milestones": [
        {"id": "v1", "name": "R1", "start": datetime(2026, 2, 2).date(), "due": NOW.date()}
    ],
    "items": [
        {"ids": "1-3", "in": ["v1"], "status": "in_progress"},
        {"id": 4, "in": ["v1"], "status": "in_progress", "assignee": ""},
        {"ids": "5-6", "in": ["v1"], "points": 3},
    ],
}


class Desk:
    """A store, a configuration, a clock, and somebody who types."""

    def __init__(self, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
        self.store = store
        self.now = NOW
        self._capsys = capsys

    def say(self, *words: str) -> tuple[int, str, str]:
        """Type a command: (exit code, output, trouble)."""
        self._capsys.readouterr()
        code = main(list(words), app=App(clock=cases.At(self.now)))
        told = self._capsys.readouterr()
        return code, told.out, told.err

    def json(self, *words: str) -> dict[str, Any]:
        """The facts that a command prints."""
        code, out, err = self.say(*words, "--json")
        assert code == 0, err + out
        found: dict[str, Any] = json.loads(out)
        return found

    def judge(self, days: float = 0) -> dict[str, Any]:
        """A reconciliation so many days after the first, everything read again."""
        self.now = NOW + days * DAY
        s = schema.sync_step
        with self.store.writing() as conn:
            conn.execute(sa.update(s).values(fresh_at=self.now, finished_at=self.now))
        return self.json("reconcile")

    def gap(self) -> str:
        """Fingerprint of the finding that an item has no owner."""
        (found,) = self.json("findings", "list", "--detector", "data.plan-gap", "--all")["findings"]
        return str(found["fingerprint"])

    def shown(self) -> list[str]:
        """How the gap is listed."""
        _, out, _ = self.say("findings", "list", "--detector", "data.plan-gap")
        return out.splitlines()[:-1]

    def assign(self, to: str | None) -> None:
        """Give the item an owner, or take it away."""
        w = schema.work_item
        with self.store.writing() as conn:
            conn.execute(sa.update(w).where(w.c.source_id == "4").values(assignee_id=to))

    def report(self) -> dict[str, Any]:
        """The report as JSON."""
        code, out, err = self.say("report", "--format", "json")
        assert code == 0, err
        found: dict[str, Any] = json.loads(out)
        return found


def sit_down(folder: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A desk in this folder, which is the current directory; everything was judged once."""
    (folder / "driftline.toml").write_text(CONFIG, encoding="utf-8")
    (folder / "suppressions.toml").write_text("", encoding="utf-8")
    opened = open_store(str(folder / "driftline.db"))
    with opened.writing() as conn:
        cases.fill(conn, WORLD)
    made = Desk(opened, capsys)
    made.judge()
    return made
