"""JSON that contradicts the vendor's own word: something else stands in one place of each answer.

Whatever that is, no code of ours breaks on it, and no run goes on for ever.
"""

from pathlib import Path

import pytest
from support.sites import Site, each, site

from connectors.contract import Outcome
from connectors.simulator.faults import Fault


def read_strange(at: Site, seed: int) -> None:
    """One whole reading, each answer of which is mangled after the first few."""
    at.later(hours=30)
    at.simulator.script.faults.append(Fault("", manner="mangled", times=None, skip=6, seed=seed))
    mark = len(at.simulator.log)
    result = at.sync(full=True, census=True)
    at.simulator.script.clear()
    broken = [one for one in result.problems if one.exit_code != 4]
    assert broken == [], (seed, broken)
    assert len(at.simulator.log) - mark < 600


@pytest.mark.full
@each("jira-cloud", "github-graphql")
def test_nothing_breaks(name: str, tmp_path: Path) -> None:
    """B45: every node is optional, whatever its type."""
    with site(name, str(tmp_path / "store.db")) as at:
        assert at.sync().outcome is Outcome.COMPLETE
        read_strange(at, 1)


@pytest.mark.full
@each()
def test_nothing_breaks_whatever_is_drawn(name: str, tmp_path: Path) -> None:
    with site(name, str(tmp_path / "store.db")) as at:
        assert at.sync().outcome is Outcome.COMPLETE
        for seed in range(2, 60):
            read_strange(at, seed)
