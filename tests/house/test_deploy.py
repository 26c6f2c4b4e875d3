"""What `deploy/` offers is well-formed, as strict as it says, and calls commands that exist."""

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click import Context
from click.testing import CliRunner
from support.checkout import pyproject

from sync.cli.app import App
from sync.cli.main import cli

DEPLOY = Path(__file__).parents[2] / "deploy"


def command_of(words: list[str]) -> None:
    """Let click parse what stands behind the program's name. Raises for a wrong one."""
    at = next(
        i for i, word in enumerate(words) if Path(word).name in ("driftline", "driftline.exe")
    )
    rest = words[at + 1 :]
    if rest[0] == "--config":
        rest = rest[2:]
    context = Context(cli, info_name="driftline")
    command = cli.get_command(context, rest[0])
    assert command is not None
    command.make_context(rest[0], rest[1:])


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units, with a program that is there."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed here")
    for file in (DEPLOY / "systemd").iterdir():
        text = file.read_text(encoding="utf-8")
        (tmp_path / file.name).write_text(
            text.replace("/usr/local/bin/driftline", sys.executable), encoding="utf-8"
        )
    return tmp_path


def test_systemd_has_nothing_to_say_of_the_units(units: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", units / "driftline.service", units / "driftline.timer"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_service_is_exposed_at_most_by_1_5(units: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", units / "driftline.service"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found is not None
    assert float(found[1]) <= 1.5


def test_the_service_and_cron_call_a_run() -> None:
    service = (DEPLOY / "systemd" / "driftline.service").read_text(encoding="utf-8")
    started = re.findall(r"^ExecStart=(.*)$", service, re.M)
    assert len(started) == 1
    command_of(shlex.split(started[0]))
    line = [one for one in (DEPLOY / "crontab").read_text().splitlines() if one[:1].isdigit()]
    assert len(line) == 1
    assert re.fullmatch(r"[\d*]+ +[\d*]+ +\* +\* +\* +.*", line[0])
    assert "%" not in line[0]  # cron would end the command there
    command_of(shlex.split(line[0].split("&&")[1]))


def test_the_windows_task_calls_a_run() -> None:
    text = (DEPLOY / "windows-task.cmd").read_text(encoding="utf-8")
    line = next(one for one in text.splitlines() if one.startswith("schtasks"))
    assert re.search(r"/SC DAILY /ST \d\d:\d\d", line)
    assert line.endswith('driftline.exe\\" run --quiet"')


def test_the_compose_file_is_as_its_schema_says() -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_containers_run_without_root_and_hold_no_secret() -> None:
    image = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER \d+$", image, re.M)
    assert "--require-hashes" in image
    job = (DEPLOY / "kubernetes-cronjob.yaml").read_text(encoding="utf-8")
    for wanted in ("runAsNonRoot: true", "readOnlyRootFilesystem: true", "drop: [ALL]"):
        assert wanted in job


@pytest.fixture
def fresh() -> ModuleType:
    """The program that plays a first day; without Linux's terminals it cannot be loaded."""
    pytest.importorskip("pty")
    found = importlib.util.spec_from_file_location("try_fresh_root", DEPLOY / "try_fresh_root.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module
    found.loader.exec_module(module)
    return module


def site_of(fresh: ModuleType) -> Any:
    nowhere = Path("nowhere")
    code = {"github": ["acme/api", "acme/web"], "gitlab": ["acme/ops"]}
    return fresh.Site(
        "here", nowhere, nowhere, nowhere, nowhere, "token", ("APO",), code, ("APO:Release 3.2",)
    )


def test_the_first_day_answers_the_questions_that_are_asked(
    fresh: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sync.cli.check.look", lambda app: ([], frozenset(), []))
    # The first is asked on a terminal, of a file that is there; the last after it was read.
    asked = fresh._answers(site_of(fresh))[1:-1]
    said = CliRunner().invoke(
        cli, ["init"], input="".join(f"{one}\n" for _, one in asked[:-1]) + "n\n", obj=App()
    )
    assert said.exit_code == 0, said.output
    place = -1
    for question, _ in asked:
        place = said.output.find(question, place + 1)
        assert place >= 0, question


def test_the_first_day_gives_options_that_exist(fresh: ModuleType) -> None:
    for everything in (False, True):
        command_of(shlex.split(fresh._options(site_of(fresh), everything=everything)))


def test_the_image_is_built_from_all_that_the_wheel_takes() -> None:
    image = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    copied = {
        Path(one)
        for words in re.findall(r"^COPY (?!--)(.*) \S+$", image, re.M)
        for one in words.split()
    }
    tools = pyproject()["tool"]["setuptools"]
    wanted = {one for files in tools["data-files"].values() for one in files}
    wanted |= {one.replace(".", "/") for one in tools["packages"]}
    wanted |= {pyproject()["project"]["readme"], *pyproject()["project"]["license-files"]}
    missing = {one for one in wanted if not {Path(one), *Path(one).parents} & copied}
    assert missing == set()


def test_a_run_in_a_cluster_writes_where_it_may() -> None:
    """All else is read-only, the directory of the configuration too."""
    job = (DEPLOY / "kubernetes-cronjob.yaml").read_text(encoding="utf-8")
    held = re.search(r"^  driftline.toml: \|\n((?:    .*\n)+)", job, re.M)
    assert held is not None
    directory = tomllib.loads(textwrap.dedent(held[1]))["report"]["directory"]
    # What is mounted and not read-only.
    places = re.findall(r"- \{ name: \w+, mountPath: (\S+) \}", job)
    assert any(directory.startswith(f"{place}/") for place in places), places


def test_every_file_has_its_line() -> None:
    told = (DEPLOY / "README.md").read_text(encoding="utf-8")
    for file in DEPLOY.rglob("*"):
        if file.is_file() and file.name != "README.md":
            assert file.name in told or file.suffix in (".timer",), file.name
