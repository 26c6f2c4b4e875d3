"""Real connectors of code hosts through the engine: stopped runs, quiet hours, both databases."""

from pathlib import Path
from typing import Any

import pytest
from support.hosts import Hosts, hosts

from connectors.contract import Outcome
from sync.engine.context import Context
from sync.engine.remap import remap_connection

#: As many as fill a few pages of each stream.
FEW: dict[str, Any] = {"repositories": 1, "issues": 6, "changes": 8}
WAYS = [(kind, api) for kind in ("github", "gitlab") for api in ("graphql", "rest")]


def read(at: Hosts, kind: str, api: str) -> Any:
    """One run over this kind of host, with its problems if it is not whole."""
    result = at.run(**{kind: {"api": api}})
    assert result.outcome is Outcome.COMPLETE, result.problems
    return result


def stops(stop_after: int) -> Any:
    """A reason to stop that comes up after so many pages."""
    pages = 0

    def why_stop(_: Context) -> str | None:
        nonlocal pages
        pages += 1
        return "stopped" if pages > stop_after else None

    return why_stop


@pytest.mark.full
@pytest.mark.parametrize(
    ("kind", "api", "parts"),
    [
        ("github", "graphql", 2),
        ("gitlab", "rest", 2),
        *(pytest.param(*way, 9, marks=pytest.mark.full) for way in WAYS),
    ],
)
def test_a_run_stopped_between_any_pages_ends_where_an_unbroken_one_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, api: str, parts: int
) -> None:
    with hosts(str(tmp_path / "whole.db"), kinds=(kind,), **FEW) as at:
        pages = sum(step.pages for step in read(at, kind, api).steps)
        expected = at.tables()
    assert pages > parts
    for part in range(1, parts):
        with hosts(str(tmp_path / f"{part}.db"), kinds=(kind,), **FEW) as at:
            with monkeypatch.context() as patched:
                patched.setattr(Context, "why_stop", stops(pages * part // parts))
                assert at.run(**{kind: {"api": api}}).outcome is Outcome.PARTIAL
            at.later(minutes=1)
            read(at, kind, api)
            assert at.tables() == expected, f"stopped at part {part} of {parts}"


@pytest.mark.full
@pytest.mark.parametrize(
    ("kind", "api"),
    [
        ("github", "rest"),
        ("gitlab", "graphql"),
        pytest.param("github", "graphql", marks=pytest.mark.full),
        pytest.param("gitlab", "rest", marks=pytest.mark.full),
    ],
)
def test_quiet_hours_and_a_remap_write_nothing(tmp_path: Path, kind: str, api: str) -> None:
    with hosts(str(tmp_path / "store.db"), kinds=(kind,), **FEW) as at:
        read(at, kind, api)
        expected = at.tables()
        for hours in (2, 30):
            at.later(hours=hours)
            assert read(at, kind, api).rows_written == 0
        connection = at.plan({kind: {"api": api}}).connections[0]
        payloads, rows = remap_connection(at.store, connection, 1, "", clock=at.clock)
        assert (payloads > 50, rows) == (True, 0)
        assert at.tables() == expected


@pytest.mark.full
@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_both_databases_hold_equal_rows(tmp_path: Path, postgres_url: str, kind: str) -> None:
    """B102: Numbers repeat from repository to repository, and are no identity."""
    found = []
    for url in (str(tmp_path / "store.db"), postgres_url):
        with hosts(url, kinds=(kind,), **FEW) as at:
            read(at, kind, "graphql")
            found.append(at.tables())
    assert found[0] == found[1]
