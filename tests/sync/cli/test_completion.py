"""Completion in a real shell, and the manual page as `man` reads it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sync.cli.main import COMMANDS, cli

MANUAL = Path(__file__).parents[3] / "docs" / "man" / "driftline.1"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_lines(shell: str) -> None:
    said = CliRunner().invoke(cli, ["completion", shell])
    assert said.exit_code == 0
    assert "_DRIFTLINE_COMPLETE" in said.output
    assert CliRunner().invoke(cli, ["completion", "cmd"]).exit_code == 2


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("driftline ret", ["retro"]),
        ("driftline db pr", ["prune"]),
        ("driftline export --form", ["--format"]),
        ("driftline export --format js", ["jsonl"]),
        ("driftline nothing-like-it", []),
    ],
)
def test_bash_completes(tmp_path: Path, words: str, found: list[str]) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed here")
    program = tmp_path / "driftline"
    program.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -P -c '
        '"import sys; from sync.cli.main import main; sys.exit(main())" "$@"\n'
    )
    program.chmod(0o755)
    script = (
        f'PATH="{tmp_path}:$PATH"; eval "$(driftline completion bash)"; COMP_WORDS=({words}); '
        f"COMP_CWORD={len(words.split()) - 1}; _driftline_completion driftline; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run([bash, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.split() == found


def test_the_manual_is_sound_and_has_every_command() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    for name in COMMANDS:
        assert f".SS driftline {name}" in text.replace(r"\-", "-")
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("groff is not installed here")
    done = subprocess.run(
        [groff, "-man", "-Tutf8", "-ww", MANUAL], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert "EXIT STATUS" in done.stdout.replace("\b", "").replace("EEXXIITT", "EXIT").replace(
        "SSTTAATTUUSS", "STATUS"
    )
