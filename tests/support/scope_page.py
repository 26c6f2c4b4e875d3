"""The page on scope: what its examples print is typed, not written by hand.

`PYTHONPATH=tests python -m support.scope_page` types them and writes the page.
"""

import io
import os
import re
import shlex
import sys
from contextlib import redirect_stdout
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from support.cases import At

from connectors.simulator.story import GAP
from sync.cli.app import App
from sync.cli.demo import START, play
from sync.cli.main import main

PAGE = Path(__file__).parents[2] / "docs/scope.md"
SEED = 1
_CONFIG = """\
store = "driftline.db"

[connections.jira]
kind = "jira"
url = "https://jira.example.net"
token_env = "JIRA_TOKEN"
projects = ["APO"]
"""
_KEY = re.compile(r"(?<=  )APO-\d+(?= )")
_KEYS = re.compile(r"APO-\d+ APO-\d+")
_BLOCK = re.compile(r"^```text\n(.*?)^```$", re.M | re.S)


def typed(text: str, directory: Path, now: datetime) -> str:
    """The page with what its commands print, typed where the demo of `SEED` was played."""
    config = directory / "driftline.toml"
    config.write_text(_CONFIG, encoding="utf-8")

    told: list[str] = []

    def block(found: re.Match[str]) -> str:
        lines = []
        for line in found[1].splitlines():
            if line.startswith("$ driftline "):
                if " scope agree " in line:
                    # Whichever items the story of the seed lets enter last.
                    line = _KEYS.sub(" ".join(_KEY.findall("\n".join(told))[-2:]), line)
                words = shlex.split(line)[2:]
                out = io.StringIO()
                with redirect_stdout(out):
                    code = main([*words, "--config", str(config)], app=App(clock=At(now)))
                assert code == 0, line
                told.append(out.getvalue())
                lines.append(f"{line}\n{out.getvalue().strip()}\n")
        return "```text\n" + "\n".join(lines) + "```"

    return _BLOCK.sub(block, text)


def _write() -> None:
    with TemporaryDirectory() as name:
        directory = Path(name)
        play(directory, SEED)
        os.chdir(directory)
        text = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(typed(text, directory, START + GAP), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(_write())
