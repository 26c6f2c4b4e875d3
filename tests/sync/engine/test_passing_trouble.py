"""Trouble that passes leaves no trace: whatever went wrong on the way, equal rows are stored."""

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from support.sites import Site, each, site

from connectors.contract import Outcome
from connectors.simulator.faults import Fault
from connectors.simulator.luck import kinds, random_fault

Tables = dict[str, list[tuple[Any, ...]]]
#: What a load without any trouble stores, and how many requests it takes.
Clean = Callable[[str], tuple[Tables, int]]


def loaded(at: Site) -> Tables:
    """The store after a first load that comes through."""
    result = at.sync()
    assert result.outcome is Outcome.COMPLETE, result.problems
    assert not result.problems
    return at.tables()


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Clean:
    @cache
    def load(name: str) -> tuple[Tables, int]:
        with site(name, str(tmp_path_factory.mktemp(name) / "clean.db")) as at:
            return loaded(at), len(at.simulator.log)

    return load


#: A summary of tests that does not come is kept as one that is not available for now.
ALL_BUT_SUMMARIES = "^(?!.*/test_report_summary)"


def unequal(found: Tables, expected: Tables) -> list[str]:
    """Names of the tables that differ."""
    names = sorted({*found, *expected})
    return [one for one in names if found.get(one) != expected.get(one)]


@pytest.mark.full
@each("jira-cloud", "github-graphql", "gitlab-rest")
def test_every_kind_of_it_in_one_load(name: str, clean: Clean, tmp_path: Path) -> None:
    """B33, B35, B43, B111: limits, gateways, and connections that break on a late page."""
    expected, requests = clean(name)
    with site(name, str(tmp_path / "store.db")) as at:
        made = kinds(at.dialect)
        faults = [make("") for make in made.values()]
        for number, fault in enumerate(faults):
            # The few that answer all the same take a request away from the ones after them.
            fault.skip = number * (requests - 5) // len(faults)
        at.simulator.script.faults += faults
        assert unequal(loaded(at), expected) == []
        assert [kind for kind, one in zip(made, faults, strict=True) if one.times] == []


@pytest.mark.full
@each("jira-dc", "github-rest", "gitlab-graphql")
def test_no_page_is_as_long_as_was_asked_for(name: str, clean: Clean, tmp_path: Path) -> None:
    """B10, B13: a short page is not the last one, nor one from which places are counted."""
    expected, _ = clean(name)
    with site(name, str(tmp_path / "store.db")) as at:
        at.simulator.script.faults.append(Fault("", manner="short", times=None))
        assert unequal(loaded(at), expected) == []


@pytest.mark.full
@each("gitlab-rest")
def test_no_answer_says_where_the_token_goes(name: str, clean: Clean, tmp_path: Path) -> None:
    """B71: links to another server are read for the place in the listing alone."""
    expected, _ = clean(name)
    with site(name, str(tmp_path / "store.db")) as at:
        at.simulator.script.faults.append(Fault("", manner="foreign", times=None))
        assert unequal(loaded(at), expected) == []


@pytest.mark.full
@each()
@pytest.mark.parametrize("seed", range(20))
def test_whatever_comes_together(name: str, seed: int, clean: Clean, tmp_path: Path) -> None:
    """Kinds, places and repetitions are drawn; not so many at one place that it is given up."""
    rng = random.Random(seed)
    expected, requests = clean(name)
    with site(name, str(tmp_path / "store.db")) as at:
        for place in range(0, requests - 5, 6):
            fault = random_fault(rng, at.dialect, matching=ALL_BUT_SUMMARIES, within=6)
            fault.skip += place
            at.simulator.script.faults.append(fault)
        assert unequal(loaded(at), expected) == []
