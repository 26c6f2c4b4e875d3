"""The demonstration of trust plays a company to its end, and counts what it finds."""

from pathlib import Path

import pytest
from support.nursery import nursery
from support.schedules.compare import Difference

from benchmarks import trust


@pytest.mark.full
@pytest.mark.parametrize("seed", range(6))
def test_a_company_of_each_system_comes_to_its_end(seed: int, tmp_path: Path) -> None:
    count = trust.Count()
    with nursery(tmp_path) as processes:
        place = tmp_path / "company"
        place.mkdir()
        trust._round(seed, place, processes, count)
    assert count.broken == []
    assert (count.lost, count.duplicated, count.wrong) == (0, 0, 0)
    assert count.rows > 100
    assert count.runs == trust.LEGS + 2


def test_rows_are_lost_twice_there_or_wrong() -> None:
    count = trust.Count()
    count.add(
        Difference({"a": ["1", "2"], "b": ["1"]}, {"a": ["3"], "c": ["1", "2"]}, 9), "a store"
    )
    assert (count.lost, count.duplicated, count.wrong, count.rows) == (2, 2, 1, 9)
    assert len(count.broken) == 1
