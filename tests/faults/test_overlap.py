"""Looking back: an index that is hours behind is met by a longer overlap."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.synced import Synced, synced


def looked_back(it: Synced, overlap: timedelta) -> timedelta:
    """How far before the last run the walk of this one begins."""
    before = it.bench.clock.now()
    it.later(hours=1)
    began = len(it.bench.simulator.log)
    it.bench.world.rename(next(iter(it.bench.world.alive())), "moved")
    it.later(minutes=1)
    it.run(overlap=overlap)
    asked = [str(one.query.get("jql")) for one in list(it.bench.simulator.log)[began:]]
    (walk,) = (one for one in asked if "ORDER BY updated ASC" in one)
    found = re.search(r"updated >= (\d+)", walk)
    assert found is not None
    return before - datetime.fromtimestamp(int(found[1]) / 1000, UTC)


@pytest.mark.full
def test_how_far_a_run_looks_back_is_a_setting(tmp_path: Path) -> None:
    """B09: Two hours were not enough for an index that was many hours behind."""
    with synced(f"{tmp_path}/store.db", issues=10) as it:
        it.run()
        wanted = timedelta(hours=6)
        assert wanted <= looked_back(it, wanted) < wanted + timedelta(minutes=3)
        it.later(hours=23)
        day = timedelta(hours=24)
        assert day <= looked_back(it, wanted) < day + timedelta(hours=25)
