"""How far scopes can be trusted, in words: nothing is complete that was not proven."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sync.engine.standing import Certified, Pause, Standing, State, ago, clock_time, label, stand

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def hours(number: float) -> datetime:
    return NOW - timedelta(hours=number)


def stream(
    name: str, outcome: str = "complete", mode: str = "incremental", **more: object
) -> Certified:
    plain = Certified(name, mode, outcome, None, hours(2), None, None, 0, 0)
    return replace(plain, **more)  # type: ignore[arg-type] # by keyword


CENSUS = stream("census", mode="census", complete_at=hours(26))


def standing(*streams: Certified, paused: Pause | None = None) -> Standing:
    return stand(
        "jira",
        "project",
        "APO",
        "Apollo",
        streams,
        now=NOW,
        time_zone="Europe/Berlin",
        paused=paused,
    )


def test_a_whole_reading_is_told_with_its_age_and_what_proves_deletions() -> None:
    found = standing(stream("issues"), stream("versions", mode="snapshot"), CENSUS)
    assert (found.state, found.complete_as_of) == (State.COMPLETE, hours(2))
    assert found.sentence == (
        "Apollo (jira APO): complete as of 2 hours ago; deletions last proved 26 hours ago"
    )


def test_gaps_stand_beside_what_is_complete() -> None:
    pause = Pause(datetime(2026, 3, 2, 13, 4, 30, tzinfo=UTC), "the limit of requests is reached")
    found = standing(
        stream("issues", unreadable=1),
        stream("histories", mode="follow_up", history_gaps=3),
        CENSUS,
        paused=pause,
    )
    assert found.sentence == (
        "Apollo (jira APO): complete as of 2 hours ago; histories of 3 items unreadable; "
        "1 record of issues unreadable; deletions last proved 26 hours ago; "
        "paused until 14:05 (Europe/Berlin): the limit of requests is reached"
    )


def test_the_oldest_stream_tells_the_age() -> None:
    found = standing(
        stream("issues", complete_at=hours(2)),
        stream("versions", complete_at=hours(50), outcome="failed", reason="no answer"),
    )
    assert (found.state, found.complete_as_of) == (State.PARTIAL, hours(50))
    assert "complete only as of 50 hours ago; versions not read the last time: no answer" in (
        found.sentence
    )
    assert "deletions not proved yet" in found.sentence


def test_what_was_never_read_whole_is_unknown_and_never_complete() -> None:
    found = standing(stream("issues", "partial", complete_at=None, reason="the run yielded"))
    assert (found.state, found.complete_as_of) == (State.UNKNOWN, None)
    assert found.sentence.startswith(
        "Apollo (jira APO): completeness unknown; issues never read whole; "
        "issues read in part the last time: the run yielded"
    )


@pytest.mark.parametrize(
    "streams",
    [
        (),
        (stream("releases", "unavailable"),),
        (stream("issues", complete_at=None),),
        (stream("issues", "failed", complete_at=None),),
    ],
)
def test_nothing_known_is_never_called_complete(streams: tuple[Certified, ...]) -> None:
    """B31 and its kin: a wrong "all quiet" is the worst answer of all."""
    found = standing(*streams)
    assert found.state in (State.UNKNOWN, State.FAILED)
    assert "completeness unknown" in found.sentence


@pytest.mark.parametrize("outcome", ["partial", "failed", "running", "something new"])
def test_any_outcome_but_complete_makes_it_less_than_complete(outcome: str) -> None:
    found = standing(stream("versions"), stream("issues", outcome))
    assert found.state is State.PARTIAL


def test_all_failed_says_until_when_it_was_known() -> None:
    found = standing(stream("issues", "failed", reason="no answer"))
    assert found.state is State.FAILED
    assert "complete only as of 2 hours ago" in found.sentence


def test_one_reason_for_everything_is_told_once_and_long_lists_are_cut() -> None:
    names = ("issues", "changes", "runs", "releases", "milestones", "jobs")
    failed = [stream(name, "failed", reason="no answer") for name in names]
    assert standing(*failed).gaps == ("all of it not read the last time: no answer",)
    assert standing(stream("statuses"), *failed).gaps == (
        "issues, changes, runs, releases and 2 more streams not read the last time: no answer",
    )


def test_a_reading_older_than_a_day_is_old() -> None:
    assert standing(stream("issues", complete_at=hours(26))).state is State.COMPLETE
    found = standing(stream("issues", complete_at=hours(27)))
    assert found.state is State.OLD
    assert "last read 27 hours ago, complete then" in found.sentence


def test_a_stream_that_the_last_run_left_out_is_told() -> None:
    found = standing(stream("issues"), stream("versions", in_last_run=False))
    assert found.state is State.PARTIAL
    assert "versions no part of the last run" in found.gaps


def test_numbers_that_disagree_are_told() -> None:
    found = standing(stream("issues", remote_count=1412, local_count=1410))
    assert "1,410 of 1,412 issues here" in found.gaps


def test_what_is_not_offered_is_no_gap_and_is_kept() -> None:
    found = standing(stream("issues"), stream("iterations", "unavailable", reason="paid tiers"))
    assert (found.state, found.gaps) == (State.COMPLETE, ())
    assert found.not_offered == ("iterations: paid tiers",)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "a minute ago"),
        (61, "2 minutes ago"),
        (119 * 60, "119 minutes ago"),
        (121 * 60, "2 hours ago"),
        (71 * 3600, "71 hours ago"),
        (73 * 3600, "3 days ago"),
        (-30, "a minute ago"),
        (-7200, "in the future by this machine's clock"),
    ],
)
def test_ages(seconds: float, told: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == told


def test_another_day_is_told_with_its_date() -> None:
    assert clock_time(NOW, NOW, "UTC") == "12:00 (UTC)"
    late = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    assert clock_time(late, NOW, "Europe/Berlin") == "2026-03-03 00:30 (Europe/Berlin)"


@pytest.mark.parametrize(
    ("kind", "key", "name", "told"),
    [
        ("project", "APO", "Apollo", "Apollo (jira APO)"),
        ("repository", "acme/web", "web", "jira acme/web"),
        ("repository", "acme/web", "", "jira acme/web"),
        ("site", "site", "Acme", "jira, what all of it shares"),
    ],
)
def test_names(kind: str, key: str, name: str, told: str) -> None:
    assert label("jira", kind, key, name) == told
