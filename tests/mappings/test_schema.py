"""The effective mapping: its version, its rules."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from support.jira_payloads import defaults, with_lines

from mappings.load import load
from mappings.schema import MappingTable, StatusRule, TeamRule, with_version
from mappings.vocabulary import StatusCategory


def test_the_version_is_that_of_the_contents_alone(tmp_path: Path) -> None:
    first, second = tmp_path / "a.toml", tmp_path / "b.toml"
    first.write_text('[status]\nA = "todo"\nB = "done"\n', encoding="utf-8")
    second.write_text(
        '# a comment\n[status]\n"B" = { category = "done" }\n"A" = "todo"\n', encoding="utf-8"
    )
    assert load([first]).version == load([second]).version


@pytest.mark.parametrize(
    "line",
    [
        '[status]\nX = "todo"',
        '[project.A.status]\nX = "todo"',
        '[issue_type.Bug.status]\nX = "todo"',
        '[resolution]\nX = "done"',
        '[[team]]\nname = "T"\nlabel = "x"',
        '[fields]\nteam = ["x"]',
        '[labels]\nignore = ["x"]',
        '[link]\nBlocks = { kind = "blocks", reverse = true }',
    ],
)
def test_whatever_changes_a_row_changes_the_version(tmp_path: Path, line: str) -> None:
    assert with_lines(tmp_path, line).version != defaults().version


def test_a_projects_table_has_a_version_of_its_own(tmp_path: Path) -> None:
    table = with_lines(tmp_path, '[project.A.status]\nX = "todo"\n')
    assert table.for_project("A").version not in ("", table.version)


def test_a_status_is_found_by_id_before_its_name() -> None:
    table = MappingTable(
        statuses={
            "done": StatusRule(StatusCategory.DONE),
            "10001": StatusRule(StatusCategory.IN_REVIEW),
        }
    )
    for name, id_, right in (
        ("DONE", "10001", StatusCategory.IN_REVIEW),
        ("DONE", "7", StatusCategory.DONE),
        ("DONE", None, StatusCategory.DONE),
    ):
        rule = table.status(name, id_, None)
        assert rule is not None
        assert rule.category is right
    assert table.status("Open", "7", None) is None
    assert table.status(None, None, None) is None


def test_a_conditional_rule_asks_the_vendors_category() -> None:
    rule = StatusRule(StatusCategory.CANCELLED, if_category="done")
    table = MappingTable(statuses={"rejected": rule})
    assert table.status("Rejected", None, None, "done") == rule
    assert table.status("Rejected", None, None, "indeterminate") is None
    assert table.status("Rejected", None, None) is None


@pytest.mark.parametrize(
    ("day", "holds"),
    [
        (date(2025, 12, 31), False),
        (date(2026, 1, 1), True),
        (date(2026, 6, 30), True),
        (date(2026, 7, 1), False),
        (None, False),
    ],
)
def test_a_team_rule_holds_from_its_first_to_its_last_day(day: date | None, holds: bool) -> None:
    rule = TeamRule("A", label="x", since=date(2026, 1, 1), until=date(2026, 6, 30))
    assert rule.in_force(day) is holds


def test_an_open_rule_holds_on_any_day() -> None:
    rule = TeamRule("A", label="x")
    assert rule.in_force(None)
    assert rule.in_force(date(1999, 1, 1))


def test_the_fields_that_are_read_include_those_of_projects(tmp_path: Path) -> None:
    table = with_lines(
        tmp_path,
        '[fields]\npoints = ["Size"]\nteam = ["Squad"]\n[project.A.fields]\npoints = ["Effort"]\n',
    )
    assert table.field_names == ("Size", "Squad", "Flagged", "Effort")


def test_origins_do_not_count() -> None:
    table = defaults()
    assert with_version(replace(table, origins={})).version == table.version
