"""The set-up script: says the one line to type, sets up once, survives odd places."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.checkout import ROOT, pyproject

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a script of the POSIX shell")


def _copy(folder: Path) -> Path:
    """A project with nothing to install."""
    (folder / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci/bootstrap", folder / ".ci/bootstrap")
    for lock in ("requirements.lock", "requirements-dev.lock"):
        (folder / lock).write_text(f"# {lock}: nothing\n", encoding="utf-8")
    main = folder / "sync/cli/main.py"
    main.parent.mkdir(parents=True)
    main.write_text("import sys\ndef main():\n    print(sys.argv[1:])\n", encoding="utf-8")
    return folder


def _bootstrap(folder: Path, python: str, lock: str = "requirements.lock"):
    environment = {**os.environ, "PYTHON": python}
    return subprocess.run(
        ["sh", ".ci/bootstrap", lock], cwd=folder, env=environment, capture_output=True, text=True
    )


def _fake_python(path: Path, *, without: str) -> str:
    path.write_text(f'#!/bin/sh\ncase "$*" in *"{without}"*) exit 1;; esac\n', encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_without_venv_it_says_the_line_to_type(tmp_path):
    project = _copy(tmp_path / "project")
    done = _bootstrap(project, _fake_python(tmp_path / "python3", without="ensurepip"))
    assert done.returncode == 2
    assert done.stderr == "Python's venv module is missing; type: apt install python3-venv\n"
    assert not (project / ".venv").exists()


def test_an_old_python_is_refused(tmp_path):
    project = _copy(tmp_path / "project")
    done = _bootstrap(project, _fake_python(tmp_path / "python3", without="version_info"))
    assert done.returncode == 2
    assert done.stderr.startswith("driftline needs Python 3.11 or later, this is")


def test_no_python_at_all(tmp_path):
    done = _bootstrap(_copy(tmp_path / "project"), "python-that-is-not-there")
    assert done.returncode == 2
    assert "there is no python-that-is-not-there; type: apt install python3-venv" in done.stderr


def test_the_refusal_and_the_metadata_name_one_version():
    assert pyproject()["project"]["requires-python"] == ">=3.11"


@pytest.mark.parametrize("script", [".ci/bootstrap", ".ci/lock"])
def test_the_scripts_are_plain_shell(script):
    subprocess.run(["sh", "-n", script], cwd=ROOT, check=True)
    assert os.access(ROOT / script, os.X_OK)


@pytest.mark.full
def test_it_sets_up_once_in_any_place(tmp_path):
    project = _copy(tmp_path / "ana's work, in ü")
    python = getattr(sys, "_base_executable", sys.executable)
    done = _bootstrap(project, python)
    assert (done.returncode, done.stderr) == (
        0,
        "setting up .venv; this takes about half a minute, once\n",
    )
    stamp = project / ".venv/lock.sum"
    made = stamp.stat().st_mtime_ns

    again = _bootstrap(project, python)
    assert (again.returncode, again.stderr, stamp.stat().st_mtime_ns) == (0, "", made)

    said = subprocess.run(
        [project / ".venv/bin/driftline", "a b", "--c"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "['a b', '--c']\n"

    # More is asked for: what is there stays and is added to.
    more = _bootstrap(project, python, "requirements-dev.lock")
    assert (more.returncode, more.stderr) == (0, "")
    assert stamp.read_text(encoding="utf-8").startswith("requirements-dev.lock ")
    after = stamp.stat().st_mtime_ns
    _bootstrap(project, python)
    assert stamp.stat().st_mtime_ns == after

    moved = project.rename(tmp_path / "elsewhere")
    assert "setting up" in _bootstrap(moved, python).stderr
