"""Each line of the threat model names a test that is there and can be run."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")
#: Lines of the tables that name what stops a threat.
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|") and line.count("|") == 4 and not line.startswith(("| threat", "|---"))
]


def names_in(path: Path) -> set[str]:
    """Names of the test functions of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:50])
def test_what_stops_a_threat_is_tested(row: list[str]) -> None:
    threat, stops, named = row
    assert threat
    assert stops
    found = re.fullmatch(r"`(tests/[\w/]+\.py)::(test_\w+)`", named)
    assert found is not None, named
    assert found[2] in names_in(ROOT / found[1])


def test_every_part_has_its_table() -> None:
    parts = re.findall(r"^## (.+)$", PAGE, re.M)
    assert {"Assets", "Attackers", "Boundaries", "What is not promised"} <= set(parts)
    assert len(ROWS) > 40
    assert len({row[2] for row in ROWS}) > 40


def test_the_security_page_leads_there() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "docs/threat-model.md" in text
