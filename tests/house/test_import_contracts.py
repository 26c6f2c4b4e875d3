"""Imports go down only, and a breach is noticed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.checkout import PACKAGES, ROOT

_LINT = (
    "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
)


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _LINT], cwd=folder, capture_output=True, text=True, encoding="utf-8"
    )


def test_the_contracts_hold():
    done = _lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.full
@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("mappings/dates.py", "import sync.errors", "The three packages stand in a row"),
        ("mappings/dates.py", "import connectors.contract", "The three packages stand in a row"),
        ("sync/store/rows.py", "import sync.engine.run", "Inside sync, imports go down"),
        ("sync/clock.py", "import jira", "A vendor's library stays in its connector"),
    ],
)
def test_a_breach_is_noticed(tmp_path, file, line, contract):
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package)
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    with (tmp_path / file).open("a", encoding="utf-8") as broken:
        broken.write(f"\n{line}\n")
    done = _lint(tmp_path)
    assert done.returncode == 1
    assert f"{contract} BROKEN" in done.stdout
