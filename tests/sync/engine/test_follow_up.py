"""Child data that is asked for item by item: opt-in web links."""

import pytest
from support.synced import synced

from connectors.contract import Outcome
from connectors.simulator.faults import Fault

pytestmark = pytest.mark.full_on_postgres

BODY = (
    b'[{"id": 1, "globalId": "system=wiki&id=7", "relationship": "mentioned in",'
    b' "object": {"url": "https://wiki.example.net/7", "title": "Plan"}}]'
)


@pytest.mark.full
def test_web_links_are_stored_and_asked_for_again_only_after_a_change(store_url: str) -> None:
    with synced(store_url, issues=12, options={"remote_links": True}) as it:
        script = it.bench.simulator.script
        script.faults.append(Fault(r"remotelink", status=200, body=BODY, times=None))
        result = it.run()
        assert result.outcome is Outcome.COMPLETE
        count = len(it.bench.world.issues)
        links = it.rows("SELECT COUNT(*), MIN(to_id) FROM link WHERE method = 'remote_link'")
        assert links == [(count, "https://wiki.example.net/7")]
        it.later(hours=1)
        assert _asked(it.run()) == 0
        issue = next(iter(it.bench.world.alive()))
        it.later(hours=1)
        it.bench.world.rename(issue, "changed")
        result = it.run()
        assert _asked(result) == 1
        # The links that the item itself declares are a set of their own.
        assert it.rows("SELECT COUNT(*) FROM link WHERE withdrawn_at IS NOT NULL") == [(0,)]
        it.later(hours=1)
        assert _asked(it.run()) == 0


def test_without_opting_in_no_request_is_made(store_url: str) -> None:
    with synced(store_url, issues=12) as it:
        it.run()
        assert not [one for one in it.bench.simulator.log if "remotelink" in one.path]


def _asked(result: object) -> int:
    return sum(step.requests for step in result.steps if step.stream == "remote_links")  # type: ignore[attr-defined]  # a RunResult
