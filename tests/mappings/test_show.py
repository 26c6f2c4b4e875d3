"""An effective mapping as lines."""

from pathlib import Path

from support.jira_payloads import defaults, with_lines

from mappings.show import ShownLine, show

TEXT = """\
[status]
"On Stage" = { category = "in_review", waits_for = "release", code_complete = true }
[link]
"Is needed by" = { kind = "depends_on", reverse = true }
[issue_type.Bug.status]
Verified = "done"
[[team]]
name = "Checkout"
label = "cart"
since = 2026-01-01
[project.SHOP.resolution]
Moved = "cancelled"
"""


def test_each_value_says_which_line_gave_it(tmp_path: Path) -> None:
    table = with_lines(tmp_path, TEXT)
    file = tmp_path / "mine.toml"
    shown = {(line.section, line.name): line for line in show(table)}
    for right in (
        ShownLine("status", "On Stage", "in_review, waits for release, code complete", f"{file}:2"),
        ShownLine("link", "Is needed by", "depends_on, read from the inward side", f"{file}:4"),
        ShownLine("issue_type.bug.status", "Verified", "done", f"{file}:6"),
        ShownLine("team", "Checkout", "label cart, since 2026-01-01", f"{file}:7"),
    ):
        assert shown[right.section, right.name] == right
    rejected = shown["status", "Rejected"]
    assert rejected.value == "cancelled, only if the vendor says done"
    assert rejected.built_in
    assert rejected.where.startswith("jira.toml:")
    assert ("resolution", "Moved") not in shown


def test_a_projects_lines_say_whose_they_are(tmp_path: Path) -> None:
    table = with_lines(tmp_path, TEXT)
    shown = {(line.section, line.name): line for line in show(table, "shop")}
    moved = shown["resolution", "Moved"]
    assert (moved.value, moved.project) == ("cancelled", "SHOP")
    assert moved.where == f"{tmp_path / 'mine.toml'}:12"
    assert shown["status", "On Stage"].project is None


def test_every_line_has_a_place() -> None:
    assert [line for line in show(defaults()) if not line.where] == []
