"""What `driftline check` says of a GitLab."""

from datetime import date, timedelta
from typing import Any

import pytest
from support.gitlab_site import Bench, serving

from connectors.contract import CheckItem
from connectors.gitlab import checks
from connectors.simulator.faults import Fault


def checked(bench: Bench, **options: Any) -> dict[str, CheckItem]:
    return {one.name: one for one in bench.connector(**options).check()}


def test_all_is_well() -> None:
    with serving(issues=1, changes=1) as bench:
        found = checked(bench)
        path = bench.world.code.hosted("gitlab")[0].path
        assert all(one.ok for one in found.values())
        assert list(found) == [
            "sign-in",
            "clock",
            "token expiry",
            "token scope",
            "GraphQL",
            f"project {path}",
        ]
        assert found["GraphQL"].detail == "on, 250 points per question"


@pytest.mark.parametrize(("days", "ok"), [(13, False), (40, True)])
def test_a_token_that_ends_soon_is_told(days: int, ok: bool) -> None:
    ends = date(2026, 3, 2) + timedelta(days=days)
    with serving(issues=1, changes=1, token_expires=ends) as bench:
        found = checked(bench)["token expiry"]
        assert found.ok is ok
        assert bool(found.remedy) is not ok


def test_a_server_that_tells_nothing_of_its_tokens_leaves_it_open() -> None:
    with serving(issues=1, changes=1) as bench:
        bench.simulator.script.faults.append(
            Fault("personal_access_tokens", 404, b"{}", times=None)
        )
        found = checked(bench)
        assert found["token expiry"].ok is None
        assert found["token scope"].ok is None


@pytest.mark.parametrize(
    ("seconds", "ok", "side"),
    [(0, True, "within"), (90, False, "ahead of"), (-90, False, "behind")],
)
def test_a_clock_that_is_off_is_told(seconds: int, ok: bool, side: str) -> None:
    with serving(issues=1, changes=1) as bench:
        connector = bench.connector()
        identity = connector.connect()
        assert identity.clock_offset_seconds is not None
        site = connector._site
        site.runtime = site.runtime.__class__(
            now=lambda: bench.clock.now() + timedelta(seconds=seconds), sleep=bench.clock.sleep
        )
        site.connect()
        found = {one.name: one for one in connector.check()}["clock"]
        assert found.ok is ok
        assert side in found.detail


def test_what_a_project_has_switched_off_stays_unchecked_and_says_so() -> None:
    with serving(issues=1, changes=1) as bench:
        code = bench.world.code
        repo = code.hosted("gitlab")[0]
        code.switch(repo, "ci", on=False)
        found = checked(bench)[f"project {repo.path}"]
        assert found.ok is None
        assert "nobody can say whether what was merged was tested" in found.detail


def test_a_project_that_cannot_be_read_is_named_with_what_to_do() -> None:
    with serving(issues=1, changes=1) as bench:
        found = checked(bench, projects=["no/such"])["project no/such"]
        assert found.ok is False
        assert "no/such" in found.detail
        assert "Reporter" in found.remedy


@pytest.mark.parametrize(("level", "ok"), [(None, True), (10, None), (15, None), (20, True)])
def test_a_role_below_reporter_is_told(level: int | None, ok: bool | None) -> None:
    with serving(issues=1, changes=1) as bench:
        access = bench.world.code.access_of(bench.world.credentials["owner"])
        access.level = level
        path = bench.world.code.hosted("gitlab")[0].path
        found = checked(bench)[f"project {path}"]
        assert found.ok is ok
        assert ("no Reporter" in found.detail) is (ok is None)


@pytest.mark.parametrize(
    ("permissions", "level"),
    [
        (None, None),
        ({}, None),
        ({"project_access": None, "group_access": None}, None),
        ({"project_access": {"access_level": 10}, "group_access": {"access_level": 30}}, 30),
        ({"project_access": {"access_level": "x"}}, None),
    ],
)
def test_the_higher_role_counts_and_silence_says_nothing(permissions: Any, level: Any) -> None:
    """A membership from further up is not told."""
    assert checks._level({"permissions": permissions}) == level
