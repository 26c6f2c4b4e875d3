"""Many like changes within an hour by one account."""

from datetime import UTC, datetime, timedelta

import pytest

from sync.ledger.mass_edit import Edit, mass_edits

START = datetime(2026, 3, 16, 8, tzinfo=UTC)


def edits(number: int, *, step: float = 1, actor: str = "u", field: str = "version") -> list[Edit]:
    """So many items, one each `step` minutes."""
    return [Edit(str(n), field, START + timedelta(minutes=n * step), actor) for n in range(number)]


@pytest.mark.parametrize(
    ("number", "container", "found"),
    [(9, 100, False), (10, 100, True), (10, 1000, True), (4, 10, False), (5, 10, True)],
)
def test_ten_items_or_a_fifth_of_a_small_container(
    number: int, container: int, found: bool
) -> None:
    assert bool(mass_edits(edits(number), container)) is found


def test_a_fifth_of_a_middling_container() -> None:
    assert not mass_edits(edits(7), 40)
    assert mass_edits(edits(8), 40)


def test_within_an_hour_and_no_longer() -> None:
    assert mass_edits(edits(10, step=60 / 9), 100)
    assert not mass_edits(edits(10, step=60 / 9 + 0.01), 100)


def test_several_accounts_or_fields_are_several_acts() -> None:
    assert not mass_edits([*edits(5, actor="a"), *edits(5, actor="b")], 100)
    assert not mass_edits([*edits(5), *edits(5, field="points")], 100)


def test_one_item_many_times_is_one_item() -> None:
    assert not mass_edits([Edit("1", "points", START, "u")] * 20, 100)


def test_what_was_found() -> None:
    (one,) = mass_edits(edits(12), 100)
    assert (one.field, len(one.items)) == ("version", 12)
    assert (one.first_at, one.last_at) == (START, START + timedelta(minutes=11))
