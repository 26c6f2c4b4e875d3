"""One list of what others may import: it is on the page, typed, and leaves nothing out."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from support.checkout import ROOT

from connectors.registry import entries
from sync.cli import public_api
from sync.cli.public_api import CONTRACT_MODULES, NOT_PUBLIC, PARTS, Source

PAGE = (ROOT / "docs/public-api.md").read_text(encoding="utf-8")
NAMES = [(module, name) for part in PARTS for module, names in part.names.items() for name in names]


def test_every_name_is_on_the_page_with_its_meaning() -> None:
    for module, name in NAMES:
        _, found, rest = PAGE.partition(f"\n### `{module}.{name}`\n\n")
        assert found, f"{module}.{name}: run `python -m sync.cli.reference`"
        assert not rest.startswith("```"), f"{module}.{name} says not what it is"
        assert hasattr(import_module(module), name)
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("module", CONTRACT_MODULES)
def test_a_contract_module_holds_nothing_that_is_not_listed(module: str) -> None:
    """A new name is either promised or said to be none of the contract."""
    listed = {name for home, name in NAMES if home == module}
    hidden = NOT_PUBLIC.get(module, frozenset())
    assert not listed & hidden
    assert Source.of(module).public() == listed | hidden


def test_a_name_that_is_not_listed_is_noticed(tmp_path: Path) -> None:
    made = Source([], dict(public_api._named(public_api.ast.parse("_A = 1\nB = 2").body)))
    assert made.public() == {"B"}


def test_the_example_uses_nothing_else() -> None:
    """What the tutorials build on is promised."""
    promised = {module for module, _ in NAMES}
    for file in sorted((ROOT / "examples/acme-tracker").rglob("*.py")):
        for node in public_api.ast.walk(public_api.ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, public_api.ast.ImportFrom) or node.module is None:
                continue
            if node.module.partition(".")[0] not in public_api.PACKAGES:
                continue
            for one in node.names:
                home, name = node.module, one.name
                # `from mappings import out`: the module itself.
                known = (home, name) in NAMES or f"{home}.{name}" in promised
                assert known, f"{file.name}: {home}.{name}"


def test_versions_stand_on_the_page() -> None:
    for kind, module, _, group in public_api._ENTRY_POINTS:
        version = import_module(module).CONTRACT
        assert f"| {kind} | {version} |" in PAGE
        assert group.strip("`") == import_module(module.replace("contract", "registry")).GROUP


def test_built_ins_say_their_version_like_all_others() -> None:
    assert {entry.contract for entry in entries().values() if hasattr(entry, "contract")} == {1}


@pytest.mark.full
def test_a_third_partys_module_is_type_checked_against_every_name(tmp_path: Path) -> None:
    """No name is merely passed through, and a wrong use is an error."""
    lines = [f"from {module} import {name} as n{i}" for i, (module, name) in enumerate(NAMES)]
    wrong = 'from connectors.contract import Page, RawRecord\n\nPage((RawRecord("a", 1, b""),))\n'
    (tmp_path / "good.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "wrong.py").write_text(wrong, encoding="utf-8")

    def typed(name: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
        return subprocess.run(
            [*command, "--config-file", "", name],
            cwd=tmp_path,
            env={"MYPYPATH": str(ROOT), "PATH": ""},
            capture_output=True,
            text=True,
            timeout=280,
        )

    good = typed("good.py")
    ours = [line for line in good.stdout.splitlines() if line.startswith("good.py")]
    assert not ours, good.stdout
    assert 'Argument 2 to "RawRecord" has incompatible type "int"' in typed("wrong.py").stdout
