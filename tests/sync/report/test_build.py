"""What a report says, from what a reconciliation found."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from support import reconciliations as given_

from mappings.vocabulary import MilestoneState
from sync.errors import ConfigError
from sync.reconcile.contract import Channel, Evidence, FindingState, Severity
from sync.report.build import build
from sync.report.changes import previous_from_payload
from sync.report.data import ReportData
from sync.report.json_ import document
from sync.report.sources import source_lines
from sync.report.wording import zone


def test_the_first_report_is_an_inventory_that_calls_nothing_new() -> None:
    data = build(given_.first_run())

    assert data.subject == (
        "[Apollo] Inventory: 4 milestones, 3 questions for you, 1 source unread"
    )
    assert data.kind == "inventory"
    assert data.verdict.word == "no judgement yet"
    assert (data.changes.new, data.changes.any, data.risks, data.still_open) == (0, False, (), ())
    assert data.inventory is not None
    assert (len(data.inventory.listed), data.inventory.more) == (10, 2)
    assert [(row.detector, row.total) for row in data.inventory.ages] == [
        ("data.blind-spot", 1),
        ("data.plan-gap", 11),
        ("scope.net", 1),
    ]
    gap = data.inventory.ages[1]
    assert (gap.week, gap.month, gap.older, gap.unknown) == (3, 7, 1, 0)
    assert [(one.name, one.value) for one in data.inventory.figures] == [
        ("work items", "1,204"),
        ("milestones", "42"),
        ("open items", "310"),
    ]


def test_an_inventory_asks_at_most_three_questions_and_acts_on_blind_spots_only() -> None:
    data = build(given_.first_run())

    assert (len(data.questions), data.more_questions) == (3, 1)
    assert data.questions[0].answer_line == 'driftline baseline accept "APO:Release 3.0"'
    assert [action.text for action in data.actions] == ["Run driftline check and renew the token."]


def test_an_inventory_never_lists_what_is_for_the_page_only() -> None:
    data = build(given_.first_run())

    assert data.inventory is not None
    assert {item.channel for item in data.inventory.listed} == {Channel.MAILED}


def test_without_a_confirmed_milestone_the_inventory_says_so() -> None:
    data = build(replace(given_.first_run(), milestones=(), questions=()))
    assert data.subject == "[Apollo] Inventory: no milestone confirmed, 1 source unread"


def test_a_later_subject_leads_with_the_fact_and_counts_mailed_changes() -> None:
    data = build(given_.busy())

    assert data.subject == (
        "[Apollo] Release 3.1 past due since 28 Nov, 4 open: 2 new, 1 worse, 1 resolved"
    )
    assert data.verdict.word == "off track"
    assert data.verdict.sentence == "Release 3.1 is past due with open work."
    changes = data.changes
    assert (changes.new, changes.worse, changes.better, changes.resolved, changes.back) == (
        2,
        1,
        0,
        1,
        0,
    )


def test_digest_findings_are_in_the_data_but_never_on_top() -> None:
    only_digest = build(given_.reconciliation(findings=(given_.digest_finding(),)))

    assert only_digest.kind == "quiet"
    assert only_digest.subject == "[Apollo] Quiet week: nothing new"
    assert only_digest.verdict.word == "no drift found"
    assert (only_digest.risks, only_digest.actions, only_digest.urgent) == ((), (), ())
    assert [(group.detector, group.count) for group in only_digest.digest] == [("scope.net", 1)]
    assert [item.fingerprint for item in only_digest.findings] == ["fp-digest"]


def test_a_channel_that_is_off_is_nowhere() -> None:
    data = build(given_.reconciliation(findings=(given_.finding(channel=Channel.OFF),)))
    assert (data.findings, data.kind) == ((), "quiet")


def test_a_quiet_week_is_quiet_although_something_small_still_stands() -> None:
    data = build(given_.quiet())
    assert data.quiet
    assert data.subject == "[Apollo] Quiet week: nothing new, 1 still open"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"findings": (given_.blind_spot(state=FindingState.ONGOING),)}, "open blind spot"),
        ({"certificates": (given_.certificate(outcome="failed"),)}, "failed source"),
        ({"certificates": (given_.certificate(outcome="partial"),)}, "partly read source"),
        ({"certificates": (given_.certificate(outcome="surprise"),)}, "unknown outcome"),
        ({"certificates": ()}, "nothing read"),
        ({"findings": (given_.overdue(state=FindingState.ONGOING),)}, "above medium"),
        ({"findings": (given_.finding(state=FindingState.IMPROVED),)}, "improved"),
        ({"resolved": (given_.finding(),)}, "resolved"),
        ({"restated": ("the mapping changed",)}, "restated"),
    ],
)
def test_a_week_is_not_quiet_with(change: dict[str, object], why: str) -> None:
    assert not build(given_.reconciliation(**change)).quiet, why


def test_silence_over_an_unread_source_is_unknown_and_not_green() -> None:
    data = build(
        given_.reconciliation(
            certificates=(
                given_.certificate(outcome="failed"),
                given_.certificate(scope="ZEU", outcome="partial"),
            )
        )
    )
    assert data.verdict.word == "unknown"
    assert data.unread == 2
    assert data.subject == (
        "[Apollo] Release 3.2 due 18 Dec, 12 of 20 done: 1 source unread, 1 partly read"
    )


def test_a_source_of_which_something_was_read_is_partly_read() -> None:
    certificates = (given_.certificate(outcome="failed"), given_.certificate("versions"))
    data = build(given_.reconciliation(certificates=certificates, findings=(given_.blind_spot(),)))
    assert data.subject.endswith(": 1 new, 1 source partly read")
    nothing = build(
        given_.reconciliation(certificates=certificates[:1], findings=(given_.blind_spot(),))
    )
    assert nothing.subject.endswith(": 1 new, 1 source unread")


def test_sources_that_say_the_same_stand_in_one_line() -> None:
    certificates = (
        *(given_.certificate(scope=f"P{place}") for place in range(10)),
        given_.certificate(scope="ZZZ", outcome="failed"),
    )
    data = build(given_.reconciliation(certificates=certificates))
    assert source_lines(data.trust.sources, zone("UTC")) == (
        "jira / ZZZ: not complete: issues",
        "jira / P0, P1, P2, P3, P4, P5, P6, P7 and 2 more: complete for what this token can see, "
        "read Mon 8 Dec 2025, 08:00 UTC",
    )


def test_milestones_of_the_same_name_are_told_apart() -> None:
    def one(**changes: object) -> object:
        return given_.milestone(due_date=date(2025, 12, 1), former_due_dates=(), **changes)

    data = build(
        given_.reconciliation(
            milestones=(
                one(),
                one(source_id="2", project_key="BEE"),
                one(source_id="3", connection="other"),
                one(source_id="4", project_key=None),
                given_.milestone("Alone", source_id="5"),
            ),
            findings=(
                given_.overdue(title="BEE: Release 3.2 is late", milestone_label="Release 3.2"),
            ),
        )
    )
    assert {row.source_id: row.label for row in data.milestones} == {
        "10001": "jira: APO: Release 3.2",
        "2": "BEE: Release 3.2",
        "3": "other: APO: Release 3.2",
        "4": "jira: Release 3.2",
        "5": "Alone",
    }
    assert data.subject == "[Apollo] BEE: Release 3.2 is late: 1 new"
    assert "BEE: Release 3.2: since 3 Nov 2025 (start date), not confirmed" in data.trust.baselines


def test_an_optional_stream_that_is_not_available_is_a_gap_and_no_blind_spot() -> None:
    data = build(given_.busy())
    assert data.unread == 0
    assert "jira / APO / remote_links: not available (not asked for)" in data.trust.gaps
    assert data.trust.sources[0].outcome == "complete"


def test_a_stale_stream_counts_although_its_last_reading_was_complete() -> None:
    data = build(given_.reconciliation(findings=(given_.blind_spot(),)))
    assert data.unread == 1
    assert data.subject.endswith(": 1 new, 1 source partly read")
    assert data.urgent == ("fp-blind",)


def test_a_broken_reading_makes_nothing_fresh() -> None:
    certificates = (given_.certificate(outcome="failed"), given_.certificate("versions"))
    data = build(given_.reconciliation(certificates=certificates))
    row = data.trust.sources[0]
    assert (row.statement, row.fresh_at) == ("not complete: issues", None)
    assert data.trust.data_as_of == "Data as of Mon 8 Dec 2025, 09:00 CET"
    nothing = build(given_.reconciliation(certificates=certificates[:1]))
    assert nothing.trust.data_as_of == "No source has been read completely"


def test_complete_means_complete_for_this_token() -> None:
    data = build(given_.quiet())
    assert [row.statement for row in data.trust.sources] == ["complete for what this token can see"]


def test_counts_that_differ_are_a_gap() -> None:
    data = build(given_.reconciliation(certificates=(given_.certificate(local_count=118),)))
    assert data.trust.gaps == ("jira / APO / issues: 118 held, the server counts 120",)


def test_what_moved_because_of_us_is_restated_and_never_new() -> None:
    data = build(replace(given_.busy(), restated=("the mapping of “Ready” changed",)))

    assert (data.changes.new, data.changes.worse, data.changes.resolved) == (0, 0, 0)
    assert (data.changes.items, data.changes.restated_findings) == ((), 4)
    assert data.subject.endswith(": restated")


def test_an_unconfirmed_baseline_gives_no_percentage() -> None:
    data = build(given_.reconciliation())
    row = data.milestones[0]
    assert row.scope == "change since observed: +10 points (7 entered, 2 left)"
    assert row.net_ratio is None
    assert not data.ledgers[0].confirmed


def test_a_confirmed_baseline_gives_a_whole_percentage() -> None:
    data = build(given_.reconciliation(milestones=(given_.late_milestone(),)))
    assert data.milestones[0].scope == "+25 % (7 entered, 2 left)"
    assert data.milestones[0].net_ratio == 0.25


def test_without_a_ratio_a_confirmed_baseline_gives_the_size_alone() -> None:
    line = given_.milestone(ledger=given_.ledger(net_ratio=None), baseline_accepted=True)
    data = build(given_.reconciliation(milestones=(line,)))
    assert data.milestones[0].scope == "change since the baseline: +10 points (7 entered, 2 left)"


@pytest.mark.parametrize(
    ("ledger", "withheld", "reason"),
    [
        (given_.ledger(), "a mass edit waits for an answer", "a mass edit waits for an answer"),
        (given_.ledger(balanced=False), None, "the ledger does not add up"),
        (given_.ledger(current=51.0), None, "the ledger does not add up"),
        (given_.ledger(current=float("nan")), None, "the ledger does not add up"),
    ],
)
def test_a_number_that_may_not_be_shown_says_why(
    ledger: object, withheld: str | None, reason: str
) -> None:
    line = given_.milestone(ledger=ledger, withheld=withheld, baseline_accepted=True)
    data = build(given_.reconciliation(milestones=(line,)))
    row = data.milestones[0]
    assert (row.scope, row.net_ratio, data.ledgers) == (f"withheld: {reason}", None, ())
    assert data.verdict.why == (f"Release 3.2: numbers withheld, {reason}",)


def test_rounding_does_not_withhold_a_ledger() -> None:
    ledger = given_.ledger(baseline=0.1, added=0.2, removed=0.0, reestimated=0.0, current=0.3)
    data = build(given_.reconciliation(milestones=(given_.milestone(ledger=ledger),)))
    assert data.milestones[0].withheld is None


@pytest.mark.parametrize(
    ("change", "note", "late"),
    [
        ({"due_date": date(2025, 12, 8)}, "due today", 0),
        ({"due_date": date(2025, 12, 9)}, "due in 1 day", 0),
        ({"due_date": date(2025, 12, 7)}, "1 day past due", 1),
        ({"due_date": date(2025, 12, 7), "done_items": 20}, "due date passed, no open work", 0),
        ({"due_date": None}, "no due date", 0),
        ({"due_date": date(2025, 12, 1), "state": MilestoneState.RELEASED}, "released", 0),
    ],
)
def test_a_milestone_says_where_it_stands(change: dict[str, object], note: str, late: int) -> None:
    row = build(given_.reconciliation(milestones=(given_.milestone(**change),))).milestones[0]
    assert (row.note, row.days_past_due) == (note, late)


def test_today_is_the_day_in_the_zone_of_the_report() -> None:
    late_evening = given_.AT.replace(hour=23, minute=30)
    berlin = build(given_.reconciliation(as_of=late_evening))
    utc = build(given_.reconciliation(as_of=late_evening, time_zone="UTC"))
    assert (berlin.today, utc.today) == (date(2025, 12, 9), date(2025, 12, 8))


def test_the_moves_of_a_date_are_kept_beside_it() -> None:
    row = build(given_.reconciliation()).milestones[0]
    assert row.due == "18 Dec 2025, moved 2 times (first 4 Dec 2025)"


def test_at_most_three_actions_and_each_once() -> None:
    same = tuple(given_.finding(str(n), remedy="Call them.") for n in range(3))
    more = tuple(given_.finding(f"x{n}", remedy=f"Do {n}.") for n in range(5))
    data = build(given_.reconciliation(findings=(*same, *more)))
    assert len(data.actions) == 3
    assert [action.text for action in data.actions] == ["Call them.", "Do 0.", "Do 1."]


def test_a_low_finding_asks_nobody_to_act() -> None:
    data = build(given_.reconciliation(findings=(given_.finding(severity=Severity.LOW),)))
    assert (data.actions, data.risks) == ((), ())


def test_what_was_not_checked_is_no_news_and_no_risk() -> None:
    data = build(
        given_.reconciliation(
            findings=(given_.overdue(state=FindingState.NOT_CHECKED),),
            not_checked=(("plan.overdue", "Release 3.1", "issues were not read"),) * 2,
        )
    )
    assert (data.changes.any, data.risks, data.actions) == (False, (), ())
    assert [(group.detector, group.count) for group in data.still_open] == [("plan.overdue", 1)]
    assert [(row.reason, row.count, row.subjects) for row in data.not_checked] == [
        ("issues were not read", 2, ("Release 3.1",))
    ]


def test_age_rests_on_the_evidence() -> None:
    old = given_.finding(evidence=(Evidence("x", at=given_.AT - timedelta(days=40)),))
    unknown = given_.finding("b", evidence=(Evidence("x"),))
    data = build(given_.reconciliation(findings=(old, unknown)))
    assert {item.fingerprint: (item.age_days, item.age_known) for item in data.findings} == {
        "fp-a": (40, True),
        "fp-b": (0, False),
    }


def test_order_is_by_channel_severity_and_state_whatever_the_input_order() -> None:
    findings = given_.busy().findings
    one = build(given_.reconciliation(findings=findings))
    other = build(given_.reconciliation(findings=tuple(reversed(findings))))
    assert one == other
    assert [item.fingerprint for item in one.findings] == [
        "fp-late",
        "fp-moved",
        "fp-worse",
        "fp-old",
        "fp-digest",
    ]


def _weekly(then: ReportData) -> object:
    return previous_from_payload(document(then))


def test_new_since_the_last_mail_stays_new_although_the_last_run_knew_it() -> None:
    monday = build(given_.quiet())
    wednesday = given_.finding(
        "fresh", state=FindingState.ONGOING, first_seen_at=given_.AT + timedelta(days=2)
    )
    later = given_.reconciliation(
        at=given_.AT + timedelta(days=7),
        as_of=given_.AT + timedelta(days=7),
        findings=(given_.finding("old", state=FindingState.ONGOING), wednesday),
    )
    plain = build(later)
    data = build(later, previous=_weekly(monday))  # type: ignore[arg-type]  # a Previous
    assert (plain.changes.new, data.changes.new) == (0, 1)
    assert [item.fingerprint for item in data.changes.items] == ["fp-fresh"]
    assert data.previous_at == given_.AT


def test_worse_better_and_gone_are_seen_from_the_last_mail() -> None:
    def one(name: str, **changes: object) -> object:
        return given_.finding(
            name, state=FindingState.ONGOING, first_seen_at=given_.BEFORE, **changes
        )

    monday = build(
        given_.reconciliation(
            findings=(
                one("level"),
                one("size", magnitude=4.0),
                one("less"),
                one("gone"),
                one("same"),
            )
        )
    )
    later = given_.reconciliation(
        findings=(
            one("level", severity=Severity.HIGH),
            one("size", magnitude=5.0),
            one("less", severity=Severity.LOW),
            one("same", magnitude=2.4),
        )
    )
    data = build(later, previous=_weekly(monday))  # type: ignore[arg-type]  # a Previous
    changes = data.changes
    assert (changes.new, changes.worse, changes.better, changes.resolved) == (0, 2, 1, 1)
    assert data.urgent == ("fp-level",)


def test_what_another_configuration_no_longer_lists_is_not_called_resolved() -> None:
    monday = build(given_.quiet())
    data = build(
        given_.reconciliation(config_hash="other"),
        previous=_weekly(monday),  # type: ignore[arg-type]  # a Previous
    )
    assert data.changes.resolved == 0


def test_an_unknown_audience_is_refused() -> None:
    with pytest.raises(ConfigError, match="audience 'board' does not exist"):
        build(given_.quiet(), audience="board")


def test_same_input_same_data() -> None:
    assert build(given_.hostile()) == build(given_.hostile())


def test_each_audience_reads_its_own_words() -> None:
    finding = given_.finding(voices={"executive": {"what": "Later than promised."}})
    read = {
        audience: build(given_.reconciliation(findings=(finding,)), audience=audience)
        for audience in ("executive", "manager", "engineer")
    }
    told = {audience: data.findings[0].what for audience, data in read.items()}
    assert told == {
        "executive": "Later than promised.",
        "manager": finding.what,
        "engineer": finding.what,
    }
    assert {data.findings[0].title for data in read.values()} == {finding.title}


def test_the_verdict_is_told_beside_that_of_the_report_before() -> None:
    before = previous_from_payload(document(build(given_.quiet())))
    assert before.word == "watch"
    data = build(given_.busy(), previous=before)
    assert (data.verdict.before, data.verdict.change) == (
        "watch",
        "Before, in the report of 8 Dec 2025: watch.",
    )
    same = build(given_.quiet(), mailed=before)
    assert same.verdict.change == "Unchanged since the report of 8 Dec 2025."
    # Only the verdict is told: changes are still those of the reconciliation.
    assert same.previous_at == given_.BEFORE


def test_without_a_report_before_no_change_is_claimed() -> None:
    before = previous_from_payload(document(build(given_.quiet())))
    assert build(given_.busy()).verdict.before is None
    assert build(given_.first_run(), previous=before).verdict.before is None


def test_growth_that_was_agreed_stands_apart_and_what_left_says_where_it_went() -> None:
    summary = given_.ledger(
        added_agreed=5.0, removed_by_destination={"moved": 3.0, "cancelled": 2.0, "gone": 0.0}
    )
    (row,) = build(given_.reconciliation(milestones=(given_.milestone(ledger=summary),))).ledgers
    assert (row.agreed, row.unagreed) == (5.0, 8.0)
    assert [(one.origin, one.size) for one in row.destinations] == [
        ("cancelled", 2.0),
        ("moved", 3.0),
    ]
    (unasked,) = build(given_.reconciliation()).ledgers
    assert (unasked.agreed, unasked.unagreed) == (None, None)


def test_churn_stands_where_the_percentage_stands() -> None:
    summary = given_.ledger(churn_ratio=0.5)
    for accepted, expected in ((True, 0.5), (False, None)):
        line = given_.milestone(ledger=summary, baseline_accepted=accepted)
        (row,) = build(given_.reconciliation(milestones=(line,))).milestones
        assert row.churn_ratio == expected
