"""Sprints as issues mention them."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.sprint import parse

HEAD = "com.atlassian.greenhopper.service.sprint.Sprint@1a2b[{}]"


def test_every_attribute_of_a_data_center_sprint() -> None:
    written = HEAD.format(
        "id=7,rapidViewId=3,state=CLOSED,name=Sprint 4,startDate=2026-01-05T10:00:00.000+01:00,"
        "endDate=2026-01-19T10:00:00.000+01:00,completeDate=<null>,activatedDate=,sequence=7,"
        "goal=Pay, by invoice]"
    )[:-1]
    found = parse(written)
    assert found == {
        "id": "7",
        "rapidViewId": "3",
        "state": "CLOSED",
        "name": "Sprint 4",
        "startDate": "2026-01-05T10:00:00.000+01:00",
        "endDate": "2026-01-19T10:00:00.000+01:00",
        "completeDate": None,
        "activatedDate": None,
        "sequence": "7",
        "goal": "Pay, by invoice",
    }


@pytest.mark.parametrize("order", list(permutations(["id=7", "name=A", "state=ACTIVE"])))
def test_the_order_differs_between_versions(order: tuple[str, ...]) -> None:
    """B88: Attributes have no order."""
    assert parse(HEAD.format(",".join(order))) == {"id": "7", "name": "A", "state": "ACTIVE"}


@pytest.mark.parametrize("name", ["[PAY] Sprint", "Sprint [1], the second", "a=b, c=d", "x]", "]"])
def test_names_may_hold_brackets_commas_and_equal_signs(name: str) -> None:
    """B87: The first bracket does not end a name."""
    last = parse(HEAD.format(f"id=7,state=ACTIVE,name={name}"))
    inside = parse(HEAD.format(f"id=7,name={name},state=ACTIVE"))
    assert last is not None
    assert last["name"] == name
    assert inside is not None
    assert inside["name"] == name


def test_a_cloud_sprint() -> None:
    found = parse({"id": 7, "name": "Sprint 4", "state": "active", "boardId": 3, "goal": None})
    assert found == {"id": "7", "name": "Sprint 4", "state": "active", "boardId": "3", "goal": None}


@pytest.mark.parametrize("value", [7, "7"])
def test_a_bare_id(value: object) -> None:
    assert parse(value) == {"id": "7"}


@pytest.mark.parametrize(
    "value",
    [None, True, -1, 1.5, "", "Sprint 4", "٣", {}, {"id": None}, {"id": "x"}, {"id": True}, [7],
     "Sprint@1[name=A]"],
)  # fmt: skip
def test_no_sprint_without_an_id(value: object) -> None:
    assert parse(value) is None


@given(st.text(max_size=60))
def test_any_text_is_survived(text: str) -> None:
    found = parse(HEAD.format(f"id=7,name={text}"))
    assert found is not None
    assert found["id"] == "7"
