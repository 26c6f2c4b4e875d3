"""What is installed is what is in the tree: packages, data files, one version, nothing else."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support.checkout import PACKAGES, ROOT, pyproject, tracked

from sync.cli.main import VERSION


def _folders() -> set[str]:
    """Dotted names of every folder of the three packages that holds a tracked file."""
    inside = [path.relative_to(ROOT) for path in tracked()]
    return {".".join(path.parent.parts) for path in inside if path.parts[0] in PACKAGES}


def test_every_folder_of_the_packages_is_listed():
    assert set(pyproject()["tool"]["setuptools"]["packages"]) == _folders()


def test_every_data_file_is_taken_along():
    patterns = pyproject()["tool"]["setuptools"]["package-data"]["*"]
    data = [
        path.relative_to(ROOT).as_posix()
        for path in tracked()
        if path.relative_to(ROOT).parts[0] in PACKAGES and path.suffix != ".py"
    ]
    left_out = [name for name in data if not any(Path(name).match(one) for one in patterns)]
    assert left_out == []
    assert {"mappings/jira.toml", "sync/store/migrations/script.py.mako"} <= set(data)


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_tells_that_it_is_typed(package):
    assert (ROOT / package / "py.typed").is_file()


def test_one_version():
    assert pyproject()["project"]["version"] == VERSION


def test_built_ins_are_no_entry_points():
    assert "entry-points" not in pyproject()["project"]
    assert pyproject()["project"]["scripts"] == {"driftline": "sync.cli.main:main"}


@pytest.mark.full
def test_the_wheel_holds_three_packages_and_nothing_else(tmp_path):
    source = tmp_path / "source"
    for path in tracked():
        target = source / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", tmp_path, source],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if not name.endswith("/")}
        entry_points = archive.read(f"driftline-{VERSION}.dist-info/entry_points.txt").decode()
    info = f"driftline-{VERSION}.dist-info"
    # Beside the packages the manual page, which an installer lays where `man` looks, and the units.
    beside = f"driftline-{VERSION}.data/data/share"
    units = {f"{beside}/driftline/systemd/driftline.{one}" for one in ("service", "timer")}
    shared = {f"{beside}/man/man1/driftline.1", *units}
    assert shared <= held
    held -= shared
    assert {name.split("/")[0] for name in held} == {*PACKAGES, info}
    expected = {path.relative_to(ROOT).as_posix() for path in tracked()}
    expected = {name for name in expected if name.split("/")[0] in PACKAGES}
    assert {name for name in held if not name.startswith(info)} == expected
    assert "driftline = sync.cli.main:main" in entry_points
