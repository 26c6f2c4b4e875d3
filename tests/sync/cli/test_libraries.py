"""What does not come from us passes the same mask."""

import io
import logging
import subprocess
import sys

import pytest

from connectors import redaction
from sync.cli.libraries import Masked

SECRET = "s3cret-Of-nobody/42"


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known", ())
    redaction.remember(SECRET)


def logged(message: str, *arguments: object, error: Exception | None = None) -> str:
    """What a logger with our formatter writes."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(Masked("%(name)s: %(message)s"))
    logger = logging.Logger("library")
    logger.addHandler(handler)
    logger.warning(message, *arguments, exc_info=error)
    return written.getvalue()


def test_a_secret_split_over_the_arguments_of_a_line_is_masked() -> None:
    assert logged("took %s%s from %s", SECRET[:7], SECRET[7:], "jira") == (
        "library: took *** from jira\n"
    )


def test_a_secret_in_a_traceback_is_masked() -> None:
    try:
        raise ValueError(f"Authorization: Bearer {SECRET}")
    except ValueError as error:
        told = logged("failed", error=error)
    assert "Traceback" in told
    assert SECRET not in told


def test_a_line_of_a_library_cannot_act_on_a_terminal() -> None:
    assert "\x1b" not in logged("title %s", "\x1b[2J")


CODE = """
import logging, sys, threading
from connectors import redaction
from sync.cli import main as entry
import click
redaction.remember({secret!r})

@click.command()
def boom():
    logging.getLogger("urllib3").warning("sent %s", {secret!r})
    def inside():
        raise RuntimeError("sent " + {secret!r})
    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()

import sync.cli.remap
sync.cli.remap.remap = boom
sys.argv = ["driftline", "remap"]
entry.main()
raise RuntimeError("at last " + {secret!r})
"""


def test_a_process_of_ours_prints_no_secret_by_any_way() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(secret=SECRET)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert SECRET not in done.stdout + done.stderr
    assert "urllib3: sent ***" in done.stderr
    assert "driftline has a bug, in a thread: RuntimeError('sent ***')" in done.stderr
    assert "driftline has a bug, at its end: RuntimeError('at last ***')" in done.stderr
    assert "Traceback" not in done.stderr
