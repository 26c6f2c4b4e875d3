"""Entries of the suppressions file and the findings that they match."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from sync.errors import ConfigError
from sync.reconcile.contract import AnswerEnd, AnswerKind, Severity, Suppression
from sync.reconcile.suppressions import Target, entry_id, match, matches

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
TODAY = NOW.date()
ENTRY = Suppression(
    AnswerKind.ACCEPT,
    "on paper",
    "ada",
    date(2026, 3, 20),
    detector="data.plan-gap",
    subject="APO*",
    where="suppressions.toml:1",
)
TARGET = Target("3f9a0c12d4e5f607", "data.plan-gap", "APO", "Release 3.2", Severity.LOW, 2.0)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"subject": "apo"}, True),
        ({"subject": "ZEU*"}, False),
        ({"detector": "data.*"}, True),
        ({"detector": "plan.*"}, False),
        ({"milestone": "release 3.2"}, True),
        ({"milestone": "Release 3.?"}, True),
        ({"milestone": "Release 3.1"}, False),
        ({"fingerprint": "3f9a0c12"}, True),
        ({"fingerprint": "3f9a0c13"}, False),
    ],
)
def test_all_that_an_entry_names_has_to_hold(changes: dict[str, str], expected: bool) -> None:
    assert matches(replace(ENTRY, **changes), TARGET) is expected  # type: ignore[arg-type]


def test_a_finding_without_a_milestone_matches_no_milestone() -> None:
    assert not matches(replace(ENTRY, milestone="*"), replace(TARGET, milestone=None))


def test_a_match_is_an_answer_with_all_that_the_entry_says() -> None:
    found = match([ENTRY], [TARGET], (), today=TODAY, at=NOW)
    (one,) = found.added
    assert (one.kind, one.author, one.reason) == (AnswerKind.ACCEPT, "ada", "on paper")
    assert (one.until, one.source, one.at) == (date(2026, 3, 20), "file", NOW)
    assert one.entry == entry_id(ENTRY)
    assert not found.lines
    # It is said once and holds.
    again = match([ENTRY], [TARGET], (replace(one, id=1),), today=TODAY, at=NOW)
    assert (again.added, again.withdrawn) == ((), ())


def test_another_end_is_another_entry_and_takes_the_place_of_the_first() -> None:
    (one,) = match([ENTRY], [TARGET], (), today=TODAY, at=NOW).added
    held = replace(one, id=1)
    later = replace(ENTRY, expires=date(2026, 4, 20))
    found = match([later], [TARGET], (held,), today=TODAY, at=NOW)
    assert found.withdrawn == (held,)
    assert [new.until for new in found.added] == [date(2026, 4, 20)]


def test_the_first_of_two_entries_counts() -> None:
    other = replace(ENTRY, author="bo", reason="other")
    (one,) = match([ENTRY, other], [TARGET], (), today=TODAY, at=NOW).added
    assert one.author == "ada"


def test_what_lapsed_with_its_ticket_is_told_and_not_said_again() -> None:
    (one,) = match([ENTRY], [TARGET], (), today=TODAY, at=NOW).added
    over = replace(one, id=1, ended_at=NOW, end=AnswerEnd.LAPSED, ended_reason="APO-12 is closed")
    found = match([ENTRY], [TARGET], (over,), today=TODAY, at=NOW + timedelta(days=1))
    assert not found.added
    assert found.lines == (
        "suppressions.toml:1: this suppression lapsed (APO-12 is closed): take it out.",
    )


def test_an_entry_counts_on_its_last_day_and_is_told_after_it() -> None:
    assert match([ENTRY], [TARGET], (), today=ENTRY.expires, at=NOW).added
    found = match([ENTRY], [TARGET], (), today=ENTRY.expires + timedelta(days=1), at=NOW)
    assert not found.added
    assert "this suppression ended on 20 Mar 2026" in found.lines[0]


def test_every_entry_that_ends_too_late_is_told_at_once() -> None:
    far = replace(ENTRY, expires=TODAY + timedelta(days=181))
    with pytest.raises(ConfigError) as wrong:
        match([far, replace(far, where="suppressions.toml:9")], [], (), today=TODAY, at=NOW)
    assert len(str(wrong.value).splitlines()) == 2
    match([replace(ENTRY, expires=TODAY + timedelta(days=180))], [], (), today=TODAY, at=NOW)
