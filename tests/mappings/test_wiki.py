"""Jira's wiki notation."""

import pytest

from mappings.wiki import text_of


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("plain", "plain"),
        ("h1. Title", " Title"),
        ("one\n  bq. two", "one\n two"),
        ("- item\n-- inner", " item\n inner"),
        ("well-known - dash", "well-known - dash"),
        ("{code:java}\nint x = {1};\n{code}", "\nint x = {1};\n"),
        ("{color:red}late{color}", "late"),
        ("{noformat}a{noformat}", "a"),
        ("see [the page|https://x.example/a|tip] now", "see the page now"),
        ("!shot.png|width=300!", "shot.png"),
        ("{unknown} stays", "{unknown} stays"),
        ("1. not a heading", "1. not a heading"),
    ],
)
def test_marks_are_taken_away(source: str, shown: str) -> None:
    assert text_of(source) == shown
