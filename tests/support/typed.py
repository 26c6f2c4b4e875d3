"""A command typed at a store made by hand: `typist` gives a function that types."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support import cases

from sync.cli.app import App
from sync.cli.main import main
from sync.reconcile.runner import reconcile
from sync.store.open import open_store

CONFIG = """\
store = {store}
[connections.jira]
kind = "jira"
url = "https://jira.example.net"
token_env = "JIRA_TOKEN"
projects = ["APO"]
"""

#: Words and hours after now; (exit code, output, trouble).
Say = Callable[..., tuple[int, str, str]]


def typist(
    folder: Path,
    store_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    world: Mapping[str, Any],
    *,
    more: str = "",
    judged: bool = False,
) -> Say:
    """Types commands in `folder` at the case's now, over a store that holds the case.

    `more`: configuration beyond the connection; `judged`: a reconciliation was made before.
    """
    monkeypatch.chdir(folder)
    text = CONFIG.format(store=json.dumps(store_url)) + more
    (folder / "driftline.toml").write_text(text, encoding="utf-8")
    now: datetime = cases.utc(world["now"])
    store = open_store(store_url)
    try:
        with store.writing() as conn:
            cases.fill(conn, world)
        if judged:
            reconcile(store, cases.policy(world), clock=cases.At(now))
    finally:
        store.close()

    def typed(*words: str, hours: float = 0) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(list(words), app=App(clock=cases.At(now + timedelta(hours=hours))))
        told = capsys.readouterr()
        return code, told.out, told.err

    return typed
