"""Progress: a bar on a terminal, plain lines elsewhere, nothing when quiet."""

import io
import re
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from sync.cli.progress import Bars, Lines, choose
from sync.engine.progress import Progress, Quiet

UNTIL = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def story(progress: Progress) -> None:
    progress.run_started(2)
    progress.stream_started("jira", "APO [ui]", "issues")
    progress.page("jira", "APO [ui]", "issues", 100, 150)
    progress.paused("jira", UNTIL, "the limit [burst] was hit")
    progress.page("jira", "APO [ui]", "issues", 50, 150)
    progress.stream_ended("jira", "APO [ui]", "issues", "complete", None)
    progress.stream_started("jira", "BEE", "issues")
    progress.stream_ended("jira", "BEE", "issues", "failed", "[x] server trouble")
    progress.run_ended()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    assert type(choose(quiet=True)) is Quiet
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert type(choose(quiet=False)) is Lines
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert type(choose(quiet=False)) is Bars


def test_quiet_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    story(Quiet())
    assert capsys.readouterr() == ("", "")


def test_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    story(Lines())
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "jira: paused until 09:30 (UTC): the limit [burst] was hit",
        "jira APO [ui] issues: complete, 150 records",
        "jira BEE issues: failed, 0 records: [x] server trouble",
    ]


def test_a_pause_is_told_in_the_readers_zone_and_never_too_early(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """B31: no silent sleep: until when, on the reader's own clock."""
    Lines("Europe/Berlin").paused("github", UNTIL + timedelta(seconds=1), "the limit is reached")
    assert capsys.readouterr().err == (
        "github: paused until 10:31 (Europe/Berlin): the limit is reached\n"
    )


def test_terminal_keeps_trouble_and_takes_no_name_for_markup(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    story(Bars())
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    assert "the limit [burst] was hit" in shown
    assert "jira BEE issues: failed: [x] server trouble" in shown
    assert "APO [ui]" in shown


@pytest.mark.parametrize("kind", [Lines, Bars])
def test_from_many_threads(
    kind: type[Lines], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = kind()
    progress.run_started(8)

    def scope(name: str) -> None:
        progress.stream_started("jira", name, "issues")
        for _ in range(50):
            progress.page("jira", name, "issues", 1, 50)
        progress.stream_ended("jira", name, "issues", "complete", None)

    threads = [threading.Thread(target=scope, args=(f"P{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    progress.run_ended()
    assert set(progress._records.values()) == {50}


HOSTILE = "APO\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\r\njira BEE issues: complete, 9 records"


@pytest.mark.parametrize("kind", [Lines, Bars])
def test_no_name_or_reason_acts_on_the_terminal_or_forges_a_line(
    kind: type[Lines], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    progress = kind()
    progress.run_started(1)
    progress.stream_started("jira", HOSTILE, "issues")
    progress.page("jira", HOSTILE, "issues", 1, 2)
    progress.stream_ended("jira", HOSTILE, "issues", "failed", HOSTILE)
    progress.paused("jira", UNTIL, HOSTILE)
    progress.run_ended()
    written = shown.getvalue()
    assert "owned" in written
    for attack in ("\x1b]", "\x1b[2J\x9b", "\x07", "\x9b", "\u202e"):
        assert attack not in written
    assert not [line for line in written.splitlines() if line.startswith("jira BEE")]
