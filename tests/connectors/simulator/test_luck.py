"""Passing trouble is drawn from dice: every kind, again from the same seed."""

import random

import pytest

from connectors.simulator.luck import kinds, random_fault

DIALECTS = ("jira-cloud", "jira-dc", "github", "github-enterprise", "gitlab")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_kind_is_drawn(dialect: str) -> None:
    rng = random.Random(1)
    drawn = {
        (one.status, one.manner, one.headers.get("Retry-After"), one.after)
        for one in (random_fault(rng, dialect) for _ in range(400))
    }
    expected = {
        (one.status, one.manner, one.headers.get("Retry-After"), one.after)
        for one in (make("") for make in kinds(dialect).values())
    }
    assert drawn == expected


def test_a_seed_draws_the_same_again() -> None:
    first, second = (
        [random_fault(random.Random(seed), "github", matching="x") for seed in range(30)]
        for _ in range(2)
    )
    assert first == second
    assert {one.matching for one in first} == {"x"}
    assert all(one.times in (1, 2) and 0 <= one.skip < 30 for one in first)


def test_only_github_has_secondary_limits() -> None:
    assert [one for one in DIALECTS if "secondary limit" in kinds(one)] == [
        "github",
        "github-enterprise",
    ]
