"""The page of faults that others met: which test keeps each out.

`PYTHONPATH=tests python -m support.bug_cases` writes the column of tests anew.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache

from support.checkout import ROOT

PAGE = ROOT / "docs" / "bug-cases.md"
_ROW = re.compile(r"^\| B(\d+) \| (.*?) \| (.*?) \| (.*?) ?\|$", re.M)
_NUMBER = re.compile(r"(?<![A-Za-z0-9])[Bb](\d{2,3})(?![A-Za-z0-9])")


@cache
def carried() -> dict[int, list[str]]:
    """Number -> the tests that carry it in their name or docstring, in order."""
    found: dict[int, list[str]] = {}
    for name, text in _tests():
        for number in sorted({int(one) for one in _NUMBER.findall(text.replace("_", " "))}):
            found.setdefault(number, []).append(name)
    return {number: sorted(names) for number, names in found.items()}


def _tests() -> Iterator[tuple[str, str]]:
    """(path::name, what may carry a number) of every test and every named case."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        where = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield f"{where}::{node.name}", f"{node.name} {ast.get_docstring(node) or ''}"
    for path in sorted((ROOT / "tests" / "cases").glob("*.toml")):
        where = path.relative_to(ROOT).as_posix()
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
            yield f"{where}::{case['name']}", case["name"]


def rows(text: str) -> list[tuple[int, str, list[str], str]]:
    """(number, fault, tests, note) of every row of the page."""
    return [
        (int(number), fault, re.findall(r"`([^`]+)`", tests), note)
        for number, fault, tests, note in _ROW.findall(text)
    ]


def shown(names: list[str]) -> str:
    """The tests as a cell of the table."""
    return "<br>".join(f"`{one}`" for one in names) or "–"


def written(text: str) -> str:
    """The page with its column of tests as it should be."""
    tests = carried()

    def row(found: re.Match[str]) -> str:
        number, fault, _, note = found.groups()
        return f"| B{int(number):02} | {fault} | {shown(tests.get(int(number), []))} | {note} |"

    return _ROW.sub(row, text)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
