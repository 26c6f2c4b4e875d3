"""Limits and tokens at the command line: until when, what then, and what ends soon."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from support.commands import Desk, desk
from support.hosts import hosts

from connectors.contract import Outcome
from connectors.simulator.faults import too_many
from connectors.simulator.github import GitHub
from connectors.simulator.gitlab import GitLab
from sync.engine.tokens import ending


@pytest.fixture
def at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch, capsys) as made:
        yield made


@pytest.mark.parametrize("command", ["sync", pytest.param("run", marks=pytest.mark.full)])
def test_a_pause_beyond_max_wait_ends_the_run_with_4_and_says_until_when(
    at: Desk, command: str
) -> None:
    """B31: nobody sleeps in silence; what was read stays, and the next run goes on."""
    at.bench.simulator.script.faults.append(too_many("search/jql", 3600, skip=1, times=None))
    until = at.bench.clock.now() + timedelta(hours=1)
    said = at.type(command, "--max-wait", "30m", "--json")
    assert said.code == 4
    problems = said.json["problems"] if command == "sync" else said.json["sync"]["problems"]
    assert any(f"until {until:%Y-%m-%d %H:%M} UTC" in one["what"] for one in problems)
    assert at.bench.clock.now() < until
    # The option is the configuration's word for once.
    at.bench.simulator.script.clear()
    at.bench.clock.sleep(3660)
    assert at.type(command, "--quiet").code == 0


def test_a_pause_within_max_wait_is_shown_and_waited_for(at: Desk) -> None:
    at.write(at.text().replace('time_zone = "UTC"', 'time_zone = "Europe/Berlin"'))
    at.bench.simulator.script.faults.append(too_many("search/jql", 3600, times=1))
    said = at.type("sync", "--max-wait", "2h")
    assert said.code == 0
    # The simulated morning begins at 8:00 UTC.
    assert "jira: paused until 10:00 (Europe/Berlin): the limit of requests" in said.err


def test_a_wait_that_is_none_is_refused_before_any_request(at: Desk) -> None:
    said = at.type("sync", "--max-wait", "15")
    assert said.code == 2
    assert "type 90s, 15m, 2h, 1h30m or 0" in said.err
    assert at.bench.simulator.log == []


@pytest.mark.full
def test_a_token_that_ends_soon_is_told_by_every_command(at: Desk) -> None:
    """Jira Cloud tells no end: the configured day is warned of in run, check and report."""
    day = (at.bench.clock.now() + timedelta(days=10)).date()
    words = at.text().replace('projects = ["APO"]', f'projects = ["APO"]\ntoken_expires = {day}')
    at.write(words)
    said = at.type("run", "--no-mail")
    assert said.code == 0
    told = f"The token of jira ends in 9 days, on {day}: make a new one"
    assert told in said.err
    # The text is wrapped; the page is not.
    assert told in (at.directory / "reports" / "report.html").read_text(encoding="utf-8")
    assert any(told in one for one in at.type("run", "--json").json["sync"]["ending_tokens"])
    lines = at.type("check", "--json").json["lines"]
    (line,) = [one for one in lines if one["name"].startswith("token")]
    assert (line["ok"], line["detail"]) == (False, f"expires on {day}, in 9 days")
    at.write(words.replace(str(day), str(day + timedelta(days=30))))
    assert "token of jira" not in at.type("run", "--no-mail").err


@pytest.mark.full
@pytest.mark.parametrize("days", [9, 40])
def test_what_github_and_gitlab_tell_of_their_tokens_is_kept(tmp_path: Path, days: int) -> None:
    few = {"issues": 2, "changes": 2, "repositories": 1}
    with hosts(f"{tmp_path}/store.db", **few) as it:
        ends = it.clock.now() + timedelta(days=days, hours=1)
        for dialect in it.simulator.dialects.values():
            if isinstance(dialect, GitHub):
                dialect.token_expires = ends
            elif isinstance(dialect, GitLab):
                dialect.token_expires = (ends + timedelta(days=1)).date()
        result = it.run(github={}, gitlab={})
        assert result.outcome is Outcome.COMPLETE
        told = [one.connection for one in result.ending_tokens]
        assert told == (["github", "gitlab"] if days == 9 else [])
        with it.store.reading() as conn:
            assert [one.connection for one in ending(conn, ends)] == ["github", "gitlab"]
