"""Gauges that two parsers read alike, and in which what is not known is no zero."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as older
from support import reconciliations as given_

from sync.reconcile.contract import Answer, AnswerKind, FindingState, Severity, TestedSummary
from sync.report import openmetrics
from sync.report.build import build
from sync.report.data import ReportData

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(data: ReportData) -> Samples:
    """Every sample by name and labels, the program's name left out."""
    text = openmetrics.render(data)
    assert text.endswith("\n# EOF\n")
    found: Samples = {}
    for family in open_metrics(text):
        assert family.type == "gauge"
        assert family.name.startswith("driftline_")
        for one in family.samples:
            labels = dict(one.labels)
            assert labels.pop("program") == data.program
            key = one.name.removeprefix("driftline_"), tuple(sorted(labels.items()))
            assert key not in found
            assert one.timestamp is None
            found[key] = one.value
    return found


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((name, tuple(sorted(labels.items()))))


def names(found: Samples) -> set[str]:
    return {name for name, _ in found}


@pytest.mark.parametrize("name", sorted(given_.EXAMPLES))
def test_the_textfile_collector_reads_what_an_open_metrics_reader_reads(name: str) -> None:
    text = openmetrics.render(build(given_.EXAMPLES[name]()))
    assert [(f.name, f.samples) for f in open_metrics(text)] == [
        (f.name, f.samples) for f in older(text)
    ]


def test_findings_are_counted_by_detector_and_severity() -> None:
    found = samples(build(given_.busy()))
    assert value(found, "open_findings", detector="data.plan-gap", severity="medium") == 1
    assert value(found, "open_findings", detector="scope.net", severity="high") == 1
    assert value(found, "open_findings_by_severity", severity="high") == 2
    assert value(found, "not_checked_subjects", detector="scope.late-add") == 1
    assert value(found, "verdict", verdict="off track") == 1


def test_a_zero_stands_only_where_everything_was_read_and_checked() -> None:
    quiet = samples(build(given_.quiet()))
    assert value(quiet, "open_findings_by_severity", severity="critical") == 0
    assert value(quiet, "sources_unread") == 0
    for unsure in (
        {"certificates": ()},
        {"certificates": (given_.certificate(outcome="partial"),)},
        {"not_checked": (("scope.net", "Release 3.2", "no history"),)},
        {"findings": (given_.finding(state=FindingState.NOT_CHECKED),)},
    ):
        found = samples(build(replace(given_.quiet(), **unsure)))
        assert value(found, "open_findings_by_severity", severity="critical") is None, unsure
    nothing_read = samples(build(given_.reconciliation(certificates=())))
    assert "sources_unread" not in names(nothing_read)


def test_what_is_not_covered_any_more_does_not_count_as_open() -> None:
    unsure = given_.finding(state=FindingState.NOT_CHECKED)
    found = samples(build(given_.reconciliation(findings=(unsure,))))
    assert "open_findings" not in names(found)
    assert value(found, "unsure_findings", detector="plan.due-moved") == 1


def test_a_milestone_has_its_numbers_and_dates() -> None:
    tested = TestedSummary(
        share=0.808, ready=0.5, changes=5, unknown_changes=0, exempt_changes=0, words="80 %"
    )
    told = given_.milestone(tested=tested, baseline_accepted=True)
    found = samples(build(given_.reconciliation(milestones=(told,))))
    for name, expected in {
        "items": 20,
        "done_items": 12,
        "past_due_days": 0,
        "net_drift_ratio": 0.25,
        "tested_ratio": 0.8,
        "tested_as_landed_ratio": 0.5,
        # Midnight in Berlin.
        "promised_timestamp_seconds": datetime(2025, 12, 17, 23, tzinfo=UTC).timestamp(),
        "forecast_p50_timestamp_seconds": datetime(2026, 1, 8, 23, tzinfo=UTC).timestamp(),
        "forecast_p85_timestamp_seconds": datetime(2026, 2, 2, 23, tzinfo=UTC).timestamp(),
    }.items():
        assert value(found, f"milestone_{name}", milestone="Release 3.2") == expected, name
    on_time = value(found, "milestone_on_time_ratio", milestone="Release 3.2", proven="false")
    assert on_time == 0.3
    assert value(found, "report_timestamp_seconds") == given_.AT.timestamp()


def test_what_is_not_known_of_a_milestone_has_no_sample() -> None:
    bare = given_.milestone(forecast=None, due_date=None, former_due_dates=(), ledger=None)
    told = names(samples(build(given_.reconciliation(milestones=(bare,)))))
    assert {name for name in told if name.startswith("milestone_")} == {
        "milestone_items",
        "milestone_done_items",
    }


def test_a_connection_has_a_last_success_only_when_all_of_it_succeeded() -> None:
    good = given_.certificate()
    found = samples(build(given_.reconciliation(certificates=(good,))))
    fresh = good.fresh_at
    assert fresh is not None
    assert value(found, "source_success_timestamp_seconds", connection="jira") == fresh.timestamp()
    broken = given_.certificate(scope="ZEU", outcome="failed")
    found = samples(build(given_.reconciliation(certificates=(good, broken))))
    assert "source_success_timestamp_seconds" not in names(found)
    assert value(found, "sources_unread") == 1
    assert value(found, "sources", connection="jira", outcome="failed") == 1


def test_series_stay_few_and_each_is_there_once() -> None:
    same = tuple(given_.milestone("x" * 400, source_id=str(n)) for n in range(130))
    found = samples(build(given_.reconciliation(milestones=same)))
    assert value(found, "open_milestones") == 130
    assert sum(name == "milestone_items" for name, _ in found) == openmetrics.MILESTONES


@given(st.text(st.characters(), max_size=30))
def test_any_title_is_a_label_and_nothing_else(title: str) -> None:
    data = build(
        given_.reconciliation(
            program=f"p{title}",
            milestones=(
                given_.milestone(f"m{title}"),
                given_.milestone(f"m{title}", source_id="2"),
            ),
        )
    )
    found = samples(data)
    assert sum(name == "milestone_items" for name, _ in found) == 2


def test_what_was_accepted_is_counted_apart() -> None:
    accepted = Answer(
        fingerprint="fp-a",
        detector="plan.due-moved",
        kind=AnswerKind.ACCEPT,
        author="Anna",
        at=given_.BEFORE,
        severity=Severity.MEDIUM,
        magnitude=2.0,
        reason="agreed",
    )
    found = samples(
        build(given_.reconciliation(findings=(given_.finding(answer=accepted), given_.overdue())))
    )
    assert value(found, "open_findings", detector="plan.due-moved", severity="medium") is None
    assert value(found, "open_findings", detector="plan.overdue", severity="high") == 1
    assert value(found, "kept_out_findings", detector="plan.due-moved", reason="accepted") == 1
