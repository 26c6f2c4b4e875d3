"""Whose a finding is."""

import pytest

from sync.reconcile.routing import Facts, owner, who


@pytest.mark.parametrize(
    ("facts", "name_people", "expected", "words"),
    [
        (Facts(), True, None, "the owner of APO-1"),
        (Facts(team="Web"), True, "Web", "the owner of APO-1 (waiting on team Web)"),
        (Facts(assignee="Ada"), True, "Ada", "the owner of APO-1 (Ada)"),
        (
            Facts(assignee="Ada", team="Web"),
            True,
            "Ada",
            "the owner of APO-1 (Ada, waiting on team Web)",
        ),
        (
            Facts(assignee="Ada", team="Web"),
            False,
            "Web",
            "the owner of APO-1 (waiting on team Web)",
        ),
        (Facts(assignee="Ada"), False, None, "the owner of APO-1"),
    ],
)
def test_the_person_of_the_item_or_else_its_team(
    facts: Facts, name_people: bool, expected: str | None, words: str
) -> None:
    assert owner(facts, name_people=name_people) == expected
    assert who("the owner of APO-1", facts, name_people=name_people) == words
