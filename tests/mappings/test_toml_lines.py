"""Lines of the values of a TOML file."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.toml_lines import line_of, locate, toml_key

TEXT = """\
# a comment = 1
[status]
"In Review" = "in_review"
'x = y' = { category = "done", code_complete = true }

[issue_type.Bug.status]
Verified = "done"   # trailing

[[team]]
name = "A"
[[team]]
name = "B"
since = 2026-01-01

[project."A-B".status]
a.b = "todo"
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("status",), 2),
        (("status", "In Review"), 3),
        (("status", "x = y"), 4),
        (("status", "x = y", "code_complete"), 4),
        (("issue_type", "Bug", "status", "Verified"), 7),
        (("team", 0, "name"), 10),
        (("team", 1), 11),
        (("team", 1, "since"), 13),
        (("project", "A-B", "status", "a", "b"), 16),
    ],
)
def test_every_key_has_its_line(path: tuple[str | int, ...], line: int) -> None:
    assert locate(TEXT)[path] == line


def test_a_missing_value_has_the_line_of_what_is_around_it() -> None:
    lines = locate(TEXT)
    assert line_of(lines, ("team", 1, "until")) == 11
    assert line_of(lines, ("status", "In Review", "category")) == 3
    assert line_of(lines, ("nowhere",)) is None


@given(st.text(alphabet="[]{}=\"'#.ab \n\t\\,", max_size=80))
def test_any_text_is_survived(text: str) -> None:
    assert all(1 <= line <= text.count("\n") + 1 for line in locate(text).values())


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20))
def test_any_name_can_be_a_key(name: str) -> None:
    assert tomllib.loads(f"{toml_key(name)} = 1") == {name: 1}
