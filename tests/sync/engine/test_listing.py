"""A listing takes away only what it does not name when it is read twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.code_host import Host, HostConnector, Hosted, hosted

from connectors.contract import Outcome, Page, ScopeRef, Unavailable

GONE = (
    "SELECT tag, gone_reason FROM release WHERE gone_at IS NOT NULL UNION "
    "SELECT name, gone_reason FROM milestone WHERE gone_at IS NOT NULL"
)


@pytest.fixture
def it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hosted]:
    host = Host()
    host.milestone("7", "Apollo")
    host.milestone("8", "Program", "group")
    for name in ("v1", "v2"):
        host.tag(name)
    with hosted(monkeypatch, str(tmp_path / "store.db"), host=host) as opened:
        assert opened.run().outcome is Outcome.COMPLETE
        opened.later(hours=2)
        yield opened


def shortened(monkeypatch: pytest.MonkeyPatch, times: int, error: bool = False) -> None:
    """The first `times` listings lack their last record, as if a page had moved meanwhile."""
    read, left = HostConnector.snapshot, {"times": times}

    def snapshot(self: HostConnector, stream: str, scope: ScopeRef) -> Iterator[Page]:
        for page in read(self, stream, scope):
            if stream in ("releases", "milestones") and left["times"] > 0:
                yield Page(page.records[:-1], committed=True)
                continue
            if stream in ("releases", "milestones") and error:
                raise Unavailable("the host is down", where=stream)
            yield page
        left["times"] -= stream in ("releases", "milestones")

    monkeypatch.setattr(HostConnector, "snapshot", snapshot)


def test_what_one_listing_passed_over_is_not_gone(
    it: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    shortened(monkeypatch, 1)
    assert it.run().outcome is Outcome.COMPLETE
    assert it.rows(GONE) == []
    # The first was read twice, the second once.
    assert [len(it.asked(stream)) for stream in ("milestones", "releases")] == [2, 1]


def test_what_two_listings_do_not_name_is_gone(it: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        shortened(patched, 4)
        assert it.run().outcome is Outcome.COMPLETE
    assert it.rows(GONE) == [("Program", "left_scope"), ("v2", "deleted")]
    it.later(hours=2)
    assert it.run().outcome is Outcome.COMPLETE
    assert it.rows(GONE) == []


@pytest.mark.full
def test_a_second_listing_that_fails_takes_nothing_away(
    it: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    shortened(monkeypatch, 1, error=True)
    result = it.run()
    outcomes = {one.stream: one.outcome for one in result.steps}
    assert (outcomes["milestones"], outcomes["releases"]) == (Outcome.PARTIAL, Outcome.FAILED)
    assert it.rows(GONE) == []
