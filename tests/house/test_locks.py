"""The lock files: pinned, hashed, without an address, and in step with pyproject.toml."""

import re
from dataclasses import dataclass

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support.checkout import ROOT, pyproject

LOCKS = (
    "requirements.lock",
    "requirements-dev.lock",
    "requirements-bench.txt",
    "requirements-bench-perceval.txt",
    "requirements-analysts.txt",
)
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Locked:
    """One entry of a lock file."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name as indexes compare it."""
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        """The one version."""
        (pin,) = self.requirement.specifier
        assert pin.operator == "=="
        return pin.version


def _read(lock: str) -> list[Locked]:
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    entries = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        hashes = tuple(_HASH.findall(line))
        entries.append(Locked(Requirement(line.split(" --hash")[0]), hashes))
    return entries


def _wanted(groups: list[list[str]]) -> list[Requirement]:
    return [Requirement(one) for group in groups for one in group]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_entry_is_pinned_and_hashed(lock):
    entries = _read(lock)
    assert len(entries) > 10
    assert [one.name for one in entries if not one.version or not one.hashes] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_address(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert re.findall(r"^(?:-i|--\S+|\S+ @ .*)", text, re.MULTILINE) == []


def test_the_runtime_lock_holds_what_the_project_needs():
    project = pyproject()["project"]
    _all_satisfied(
        _wanted([project["dependencies"], project["optional-dependencies"]["postgres"]]),
        "requirements.lock",
    )


def test_the_development_lock_holds_every_extra_and_tool():
    project = pyproject()["project"]
    extras = list(project["optional-dependencies"].values())
    groups = [project["dependencies"], *extras, pyproject()["dependency-groups"]["dev"]]
    _all_satisfied(_wanted(groups), "requirements-dev.lock")


@pytest.mark.parametrize("group", ["bench", "bench-perceval"])
def test_the_benchmark_locks_hold_what_is_measured_against(group):
    wanted = _wanted([pyproject()["dependency-groups"][group]])
    _all_satisfied(wanted, f"requirements-{group}.txt")


def test_both_locks_agree():
    tested = {one.name: one.version for one in _read("requirements-dev.lock")}
    shipped = {one.name: one.version for one in _read("requirements.lock")}
    assert shipped == {name: tested.get(name) for name in shipped}


def _all_satisfied(wanted: list[Requirement], lock: str) -> None:
    held: dict[str, set[str]] = {}
    for one in _read(lock):
        held.setdefault(one.name, set()).add(one.version)
    unmet = [
        str(one)
        for one in wanted
        if not any(
            one.specifier.contains(version, prereleases=True)
            for version in held.get(canonicalize_name(one.name), ())
        )
    ]
    assert unmet == [], "run `make lock`"
