"""Labels as statuses, types and priorities: loaded, shown, linted, and asked in any order."""

from pathlib import Path

import pytest

from mappings.label_rules import priority_of, status_of, type_of
from mappings.lint import Known, lint
from mappings.load import MappingError, load
from mappings.schema import MappingTable, StatusRule, with_version
from mappings.show import show
from mappings.vocabulary import ItemType, Priority, StatusCategory, WaitsFor

TOML = """
[status_label]
"In Progress" = "in_progress"
review = { category = "in_review", waits_for = "review", code_complete = true }

[type_label]
bug = "defect"
epic = "epic"

[priority_label]
P1 = "high"
P0 = "expedite"

[project."acme/shop".status_label]
doing = "in_progress"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "m.toml"
    path.write_text(TOML)
    return path


def test_labels_are_compared_without_regard_to_case(file: Path) -> None:
    table = load([file])
    assert status_of(["IN PROGRESS"], table) == (
        "in progress",
        StatusRule(StatusCategory.IN_PROGRESS),
    )
    assert type_of(["Bug"], table) == ("bug", ItemType.DEFECT)
    assert priority_of(["p1"], table) == ("p1", Priority.HIGH)
    assert status_of(["doing"], table) is None
    assert status_of(["doing"], table.for_project("acme/shop")) is not None


@pytest.mark.parametrize("labels", [["in progress", "review"], ["review", "in progress"]])
def test_the_status_furthest_along_wins_in_any_order(file: Path, labels: list[str]) -> None:
    assert status_of(labels, load([file])) == (
        "review",
        StatusRule(StatusCategory.IN_REVIEW, WaitsFor.REVIEW, code_complete=True),
    )


def test_the_most_urgent_and_the_most_planned_win(file: Path) -> None:
    table = load([file])
    assert priority_of(["P1", "P0"], table) == ("p0", Priority.EXPEDITE)
    assert type_of(["bug", "epic"], table) == ("epic", ItemType.EPIC)


def test_other_labels_say_nothing(file: Path) -> None:
    table = load([file])
    for ask in (status_of, type_of, priority_of):
        assert ask(["other"], table) is None
        assert ask(["bug", "review", "P1"], MappingTable()) is None


def test_each_line_is_shown_with_its_place(file: Path) -> None:
    lines = {(one.section, one.name): (one.value, one.where) for one in show(load([file]))}
    assert lines["status_label", "In Progress"] == ("in_progress", f"{file}:3")
    assert lines["type_label", "bug"] == ("defect", f"{file}:7")
    assert lines["priority_label", "P0"] == ("expedite", f"{file}:12")


def test_a_label_that_nobody_uses_is_doubtful(file: Path) -> None:
    known = Known(labels=frozenset({"in progress", "review", "bug", "epic", "P1", "doing"}))
    (found,) = lint(load([file]), [file], known)
    assert (found.kind, found.where) == ("unused", f"{file}:12")
    assert lint(load([file]), [file], Known()) == []


@pytest.mark.parametrize(
    "text",
    ['[status_label]\nx = "soon"\n', '[type_label]\nx = "done"\n', "[priority_label]\nx = 1\n"],
)
def test_an_unknown_meaning_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "m.toml"
    file.write_text(text)
    with pytest.raises(MappingError) as caught:
        load([file])
    assert caught.value.where == f"{file}:2"


def test_versions_of_mappings_without_such_labels_stay(file: Path) -> None:
    plain = with_version(MappingTable()).version
    assert plain == with_version(MappingTable(status_labels={})).version
    rule = StatusRule(StatusCategory.DONE)
    assert with_version(MappingTable(status_labels={"x": rule})).version != plain
