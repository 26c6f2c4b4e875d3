"""A calendar of promised and forecast days, in which no title is anything but a title."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import reconciliations as given_
from support.calendars import events, lines

from mappings.vocabulary import MilestoneState
from sync.report import ics
from sync.report.build import build
from sync.report.clean import clean
from sync.report.data import ReportData


def told(data: ReportData) -> list[dict[str, str]]:
    return events(ics.render(data))


def test_a_milestone_has_its_promised_day_and_two_tentative_ones() -> None:
    found = told(build(given_.reconciliation()))
    assert [(one["SUMMARY"], one["DTSTART;VALUE=DATE"], one["STATUS"]) for one in found] == [
        ("Release 3.2: promised day", "20251218", "CONFIRMED"),
        ("Release 3.2: forecast P50, unproven", "20260109", "TENTATIVE"),
        ("Release 3.2: forecast P85, unproven", "20260203", "TENTATIVE"),
    ]
    assert {one["TRANSP"] for one in found} == {"TRANSPARENT"}
    assert {one["URL"] for one in found} == {given_.milestone().url}
    assert found[0]["DESCRIPTION"] == "18 Dec 2025, moved 2 times (first 4 Dec 2025)"
    assert {one["DTSTAMP"] for one in found} == {"20251208T081000Z"}


def test_an_event_keeps_its_identity_when_name_and_date_move() -> None:
    before = given_.milestone()
    after = replace(before, name="Release 3.2 final", due_date=None)
    names = [
        [one["UID"] for one in told(build(given_.reconciliation(milestones=(row,), run_id=run)))]
        for run, row in ((7, before), (8, after))
    ]
    assert len(set(names[0])) == 3
    # The promised day is gone, the forecast's days are the same events.
    assert names[1] == names[0][1:]
    assert told(build(given_.reconciliation(run_id=8)))[0]["SEQUENCE"] == "8"


def test_what_is_not_known_has_no_day_and_what_is_closed_none() -> None:
    silent = given_.milestone(forecast=None, due_date=None, former_due_dates=())
    assert told(build(given_.reconciliation(milestones=(silent,)))) == []
    closed = given_.milestone(state=MilestoneState.CLOSED)
    assert told(build(given_.reconciliation(milestones=(closed,)))) == []


@pytest.mark.parametrize("name", sorted(given_.EXAMPLES))
def test_every_report_is_a_calendar(name: str) -> None:
    text = ics.render(build(given_.EXAMPLES[name]()))
    assert re.sub("\r\n", "", text).isprintable()
    for line in text.split("\r\n"):
        assert len(line.encode()) <= 75
    assert lines(text)[0] == "BEGIN:VCALENDAR"
    events(text)


@given(st.text(st.characters(), max_size=200))
def test_any_title_is_a_summary_and_nothing_else(title: str) -> None:
    data = build(given_.reconciliation(milestones=(given_.milestone(f"x{title}"),)))
    found = told(data)
    assert len(found) == 3
    assert found[0]["SUMMARY"] == f"{clean(f'x{title}', 200)}: promised day"
