"""DORA's four keys, worked out by hand."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.flow.dora import Deployment, Incident, Keys, first_holding, keys, per_week

END = datetime(2026, 3, 30, tzinfo=UTC)
REPO = (2, "r1")


def back(days: float) -> datetime:
    return END - timedelta(days=days)


def deployed(id_: str, days: float, sha: str = "x", *, succeeded: bool = True) -> Deployment:
    return Deployment(id_, REPO, back(days), sha, succeeded)


# id   days before the end   incidents tied to it
# d1   40: outside           one that opened 37 days before: also outside
# d2   20                    two, 19 and 15 days before: 2 days and open
# d3   13                    none
# f    12: failed            -
# d4    6                    one, 5 days before, over after 0.5 days
DEPLOYMENTS = (
    deployed("d1", 40),
    deployed("d2", 20),
    deployed("d3", 13),
    deployed("f", 12, succeeded=False),
    deployed("d4", 6),
)
INCIDENTS = (
    Incident(back(19), back(17)),
    Incident(back(15), None),
    Incident(back(5), back(4.5)),
)


def told(**changes: object) -> Keys:
    values: dict[str, object] = {"end": END, "weeks": 4, **changes}
    return keys(DEPLOYMENTS, [3.0, None, 1.0, 8.0], INCIDENTS, **values)  # type: ignore[arg-type]


def test_four_weeks_by_hand() -> None:
    found = told()
    assert (found.deployments, found.failed_attempts) == (3, 1)
    # By week: 28 to 21 days before none, then one each.
    assert found.per_week is not None
    assert (found.per_week.count, found.per_week.p50, found.per_week.p85) == (4, 1, 1)
    assert found.lead_time is not None
    assert (found.lead_time.p50, found.lead_time.p85, found.lead_time_unknown) == (3, 8, 1)
    assert (found.with_incident, found.fail_rate) == (2, 2 / 3)
    assert found.recovery is not None
    assert (found.recovery.count, found.recovery.p50, found.recovery.p85) == (2, 0.5, 2)
    assert found.open_incidents == 1
    assert found.unknown == {}


def test_no_deployments_that_can_be_read_are_not_zero() -> None:
    found = keys((), (), INCIDENTS, end=END, weeks=4, not_deployed="no deployments are read")
    assert (found.deployments, found.per_week, found.lead_time, found.fail_rate) == (None,) * 4
    assert found.recovery is not None
    assert found.unknown == dict.fromkeys(
        ("change_fail_rate", "change_lead_time", "deployment_frequency"), "no deployments are read"
    )


def test_without_incidents_there_is_no_rate_and_no_recovery() -> None:
    found = told(no_incidents="no item of type incident is read")
    assert (found.fail_rate, found.with_incident, found.recovery) == (None, None, None)
    assert found.open_incidents is None
    assert set(found.unknown) == {"change_fail_rate", "recovery"}
    assert found.deployments == 3


def test_an_incident_is_tied_to_the_newest_deployment_before_it() -> None:
    before_all = (Incident(back(50), None),)
    assert keys(DEPLOYMENTS, (), before_all, end=END, weeks=4).with_incident == 0
    after_failed = (Incident(back(11), None),)
    # The failed attempt put nothing into production: the one before it counts.
    assert keys(DEPLOYMENTS, (), after_failed, end=END, weeks=4).with_incident == 1


def test_a_quiet_window_with_deployments_before_it_is_a_true_zero() -> None:
    found = keys(DEPLOYMENTS[:1], (), (), end=END, weeks=4)
    assert (found.deployments, found.fail_rate) == (0, None)
    assert found.unknown["change_fail_rate"] == "nothing was deployed"


@given(st.permutations(DEPLOYMENTS), st.permutations(INCIDENTS))
def test_order_changes_nothing(deployments: list[Deployment], incidents: list[Incident]) -> None:
    assert keys(deployments, (), incidents, end=END, weeks=4) == keys(
        DEPLOYMENTS, (), INCIDENTS, end=END, weeks=4
    )


@given(st.lists(st.floats(0, 100), max_size=30), st.integers(1, 20))
def test_weeks_count_each_instant_within_once(days: list[float], weeks: int) -> None:
    counts = per_week(map(back, days), END, weeks)
    assert len(counts) == weeks
    assert sum(counts) == sum(END - back(one) < timedelta(weeks=weeks) for one in days)


# a - b - m - d      m merges b and c
#      \ /
#   c --
PARENTS = {"b": ["a"], "m": ["b", "c"], "d": ["m"]}


def test_the_first_deployment_that_holds_a_commit_counts() -> None:
    found = first_holding(
        [deployed("1", 9, "a"), deployed("2", 6, "m"), deployed("3", 3, "d")], PARENTS
    )
    assert found == {"b": back(6), "c": back(6), "m": back(6), "d": back(3)}


def test_what_the_oldest_held_may_have_been_there_before() -> None:
    assert first_holding([deployed("1", 9, "d")], PARENTS) == {}


@pytest.mark.parametrize("bad", [deployed("2", 6, "m", succeeded=False)])
def test_a_failed_one_puts_nothing_there(bad: Deployment) -> None:
    found = first_holding([deployed("1", 9, "a"), bad, deployed("3", 3, "d")], PARENTS)
    assert set(found.values()) == {back(3)}
