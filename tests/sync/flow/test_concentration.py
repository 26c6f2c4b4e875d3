"""How much rests on one person."""

from datetime import UTC, datetime, timedelta

import pytest

from sync.flow.concentration import Touch, authors, spread, truck_factor

DAY = datetime(2026, 3, 2, tzinfo=UTC)


def touch(path: str, author: str, day: int = 0, *, added: bool = False) -> Touch:
    """A change of a file."""
    return Touch(path, author, DAY + timedelta(days=day), added)


def test_spread_over_people() -> None:
    found = spread(["a", "a", "a", "b", "c"])
    assert found is not None
    assert (found.events, found.people, found.top, found.share) == (5, 3, "a", 0.6)
    assert found.hhi == pytest.approx(0.44)
    assert spread([]) is None


def test_of_equals_the_first_by_id() -> None:
    found = spread(["b", "a"])
    assert found is not None
    assert found.top == "a"


def test_who_brought_a_file_and_works_on_it_knows_it() -> None:
    known = authors([touch("x", "a", added=True), *(touch("x", "a", n) for n in range(5))])
    assert known == {"x": frozenset({"a"})}


def test_two_who_share_the_work_both_know_it() -> None:
    both = [touch("x", who, n) for n in range(10) for who in ("a", "b")]
    assert authors(both) == {"x": frozenset({"a", "b"})}


def test_who_touched_it_once_among_many_does_not() -> None:
    many = [touch("x", "a", n, added=n == 0) for n in range(30)]
    assert authors([*many, touch("x", "b", 40)])["x"] == frozenset({"a"})


def test_somebody_knows_each_file() -> None:
    crowd = [touch("x", f"p{n}", n) for n in range(40)]
    assert authors(crowd)["x"]


def test_one_person_without_whom_most_is_orphaned() -> None:
    known = {f"f{n}": frozenset({"a"}) for n in range(6)} | {
        f"g{n}": frozenset({"b"}) for n in range(4)
    }
    assert truck_factor(known) == ("a",)


def test_half_of_the_files_is_not_more_than_half() -> None:
    known = {"f": frozenset({"a"}), "g": frozenset({"b"})}
    assert truck_factor(known) == ("a", "b")


def test_files_that_two_know_are_no_orphans_without_one() -> None:
    known = {f"f{n}": frozenset({"a", "b"}) for n in range(4)}
    assert truck_factor(known) == ("a", "b")


def test_no_files_no_factor() -> None:
    assert truck_factor({}) == ()
