"""Doubtful lines of mapping files that load."""

from pathlib import Path

import pytest

from mappings.lint import Known, LintFinding, lint
from mappings.load import load
from mappings.registry import get

BUILT_IN = get("jira").defaults
KNOWN = Known(
    statuses={"1": ("Open", "new"), "7": ("In QA", "indeterminate"), "9": ("Odd", "undefined")},
    item_types=frozenset({"Bug", "Epic"}),
    priorities=frozenset({"High"}),
    resolutions=frozenset({"Fixed"}),
    links=frozenset({"Blocks"}),
    components=frozenset({"Cart"}),
    labels=frozenset({"web"}),
    fields={"customfield_1": "Size"},
    projects={"10000": "SHOP"},
)


def linted(folder: Path, *texts: str, known: Known | None = None) -> list[LintFinding]:
    files = []
    for i, text in enumerate(texts):
        files.append(folder / f"m{i}.toml")
        files[-1].write_text(text, encoding="utf-8")
    layers = [BUILT_IN, *files]
    return lint(load(layers), layers, known)


def short(found: list[LintFinding], folder: Path) -> list[tuple[str, str]]:
    return [(one.kind, one.where.replace(f"{folder}", "").lstrip("/\\")) for one in found]


def test_the_built_in_file_is_clean() -> None:
    assert lint(load([BUILT_IN]), [BUILT_IN]) == []


def test_clean_lines_give_nothing(tmp_path: Path) -> None:
    text = """
[status]
Odd = "todo"
9 = "todo"
[fields]
points = ["size"]
[[team]]
name = "A"
component = "cart"
until = 2026-01-31
[[team]]
name = "B"
component = "Cart"
since = 2026-02-01
[project.shop.priority]
High = "low"
[issue_type.bug.status]
Open = "in_progress"
"""
    found = linted(tmp_path, text, known=KNOWN)
    assert short(found, tmp_path) == [("redundant", "m0.toml:4")]


@pytest.mark.parametrize(
    ("text", "kind", "line"),
    [
        ('[status]\nDoen = "done"\n', "unused", 2),
        ('[status]\n77 = "done"\n', "unused", 2),
        ('[item_type]\nBgu = "defect"\n', "unused", 2),
        ('[priority]\nHihg = "high"\n', "unused", 2),
        ('[resolution]\nFixd = "done"\n', "unused", 2),
        ('[link]\nBlokcs = "blocks"\n', "unused", 2),
        ('[fields]\npoints = ["Sise"]\n', "unused", 2),
        ('[issue_type.Bgu.status]\nOpen = "done"\n', "unused", 2),
        ('[project.SHPO.priority]\nHigh = "low"\n', "unused", 1),
        ('[[team]]\nname = "A"\ncomponent = "Crat"\n', "unused", 3),
        ('[[team]]\nname = "A"\nlabel = "wbe"\n', "unused", 3),
        ('[[team]]\nname = "A"\nproject = "SHPO"\n', "unused", 3),
        ('[status]\nOpen = "todo"\nopen = "done"\n', "contradiction", 3),
        ('[status]\nOpen = "todo"\n1 = "done"\n', "contradiction", 3),
        ('[status]\nOpen = "todo"\nOPEN = { category = "todo" }\n', "redundant", 3),
        ('[priority]\nHigh = "high"\n', "redundant", 2),
        (
            '[[team]]\nname = "A"\nlabel = "web"\n[[team]]\nname = "B"\nlabel = "Web"\n',
            "team-overlap",
            4,
        ),
    ],
)
def test_a_doubtful_line_is_named(tmp_path: Path, text: str, kind: str, line: int) -> None:
    known = Known(**{**_fields(KNOWN), "statuses": {"1": ("Open", "new")}})
    assert short(linted(tmp_path, text, known=known), tmp_path) == [(kind, f"m0.toml:{line}")]


def test_nothing_is_called_unused_where_nothing_is_known(tmp_path: Path) -> None:
    assert linted(tmp_path, '[status]\nDoen = "done"\n[project.X.fields]\npoints = ["y"]\n') == []


def test_a_line_that_a_later_file_overrides(tmp_path: Path) -> None:
    found = linted(tmp_path, '[priority]\nP1 = "high"\n', '[priority]\np1 = "low"\n')
    assert short(found, tmp_path) == [("shadowed", "m0.toml:2")]
    assert f"{tmp_path / 'm1.toml'}:2 overrides it" in found[0].what


def test_overriding_the_built_in_file_is_what_files_are_for(tmp_path: Path) -> None:
    assert linted(tmp_path, '[priority]\nHigh = "low"\n') == []


def test_team_rules_overlap_by_days(tmp_path: Path) -> None:
    def text(until: str) -> str:
        return (
            f'[[team]]\nname = "A"\nlabel = "web"\nuntil = {until}\n'
            '[[team]]\nname = "B"\nlabel = "web"\nsince = 2026-02-01\n'
        )

    assert linted(tmp_path, text("2026-01-31")) == []
    assert [one.kind for one in linted(tmp_path, text("2026-02-01"))] == ["team-overlap"]


def test_values_without_a_meaning_come_with_the_line_to_add(tmp_path: Path) -> None:
    known = Known(
        statuses={"9": ('Odd "one"', "undefined"), "1": ("Open", "new")},
        item_types=frozenset({"Bug", "Wish", "Teilaufgabe"}),
        explained_types=frozenset({"Teilaufgabe"}),
        priorities=frozenset({"High", "P1"}),
        resolutions=frozenset({"Fixed", "Hold"}),
        links=frozenset({"Blocks", "Feeds"}),
    )
    found = linted(tmp_path, known=known)
    assert [(one.kind, one.what) for one in found] == [
        ("unmapped", "Issue type 'Wish' has no meaning yet."),
        ("unmapped", "Link type 'Feeds' has no meaning yet."),
        ("unmapped", "Priority 'P1' has no meaning yet."),
        ("unmapped", "Resolution 'Hold' has no meaning yet."),
        ("unmapped", "Status 'Odd \"one\"' has no meaning yet."),
    ]
    fixed = tmp_path / "fixed.toml"
    fixed.write_text(
        "\n".join(
            one.todo.replace("Add under ", "").replace(
                ", with the meaning that is right for you: ", "\n"
            )
            for one in found
        ),
        encoding="utf-8",
    )
    layers = [BUILT_IN, fixed]
    assert lint(load(layers), layers, known) == []


def _fields(known: Known) -> dict[str, object]:
    return {name: getattr(known, name) for name in Known.__slots__}
