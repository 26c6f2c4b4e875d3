"""Reconciliations to render: first run, quiet, busy, restricted, huge and hostile ones."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from mappings.vocabulary import MilestoneKind, MilestoneState
from sync.reconcile.contract import (
    Answer,
    AnswerKind,
    BurnUp,
    BurnUpPoint,
    Certificate,
    Channel,
    Evidence,
    Finding,
    FindingState,
    ForecastBefore,
    ForecastSummary,
    LedgerSummary,
    MilestoneLine,
    Question,
    Reconciliation,
    Severity,
    TestedSummary,
    Trend,
    TrendPoint,
)

#: Monday morning in Berlin.
AT = datetime(2025, 12, 8, 8, 10, tzinfo=UTC)
BEFORE = AT - timedelta(days=7)

#: Texts that try to break out of a page, a header or a terminal.
HOSTILE = (
    "<script>alert(1)</script>",
    "</title></style><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "Subject\r\nBcc: victim@example.com\r\n\r\n<b>body</b>",
    "\x1b[31mred\x1b[0m \x07bell",
    "abc\u202edcba\u202c \u2066x\u2069 \ufeff\u200b",
    "{{ 7 * 7 }} {% raw %} ${7*7} %(x)s {0}",
    "javascript:alert(1)",
    "=HYPERLINK(1)",
    "\ud800 lone \udfff",
    "]]> --> <!-- <![CDATA[",
    "x" * 500,
)


def finding(name: str = "a", **changes: Any) -> Finding:
    """A mailed, medium, new finding about Release 3.2."""
    base = Finding(
        fingerprint=f"fp-{name}",
        detector="plan.due-moved",
        rule="",
        subject="version:10001",
        subject_label="Release 3.2",
        severity=Severity.MEDIUM,
        state=FindingState.NEW,
        channel=Channel.MAILED,
        magnitude=2.0,
        title=f"The date of Release 3.2 moved twice ({name})",
        what="The promised date moved from 4 Dec to 18 Dec 2025 in two steps.",
        so_what="Whoever planned with the first date needs to know.",
        who="owner of Release 3.2",
        by_when="12 Dec 2025",
        remedy=f"Tell those who depend on Release 3.2 the new date ({name}).",
        evidence=(
            Evidence(
                "due date 4 Dec to 11 Dec",
                url="https://jira.example.com/projects/APO/versions/10001",
                at=AT - timedelta(days=20),
                source="milestone_date_event:1",
            ),
        ),
        first_seen_at=AT,
        last_seen_at=AT,
        connection="jira",
        milestone_label="Release 3.2",
    )
    return replace(base, **changes)


def overdue(name: str = "late", **changes: Any) -> Finding:
    """Release 3.1 is past due; high."""
    values: dict[str, Any] = {
        "detector": "plan.overdue",
        "subject": "version:10000",
        "subject_label": "Release 3.1",
        "milestone_label": "Release 3.1",
        "severity": Severity.HIGH,
        "title": "Release 3.1 is 6 working days past due with 4 open items",
        "what": "Release 3.1 was due on 28 Nov 2025; 4 of 20 items are open.",
        "so_what": "The promised date has passed and work remains.",
        "who": "owner of Release 3.1",
        "remedy": "Agree a new date for Release 3.1, or move the open items out.",
        "magnitude": 6.0,
    }
    return finding(name, **{**values, **changes})


def blind_spot(name: str = "blind", **changes: Any) -> Finding:
    """One stream was not read; high."""
    values: dict[str, Any] = {
        "detector": "data.blind-spot",
        "subject": "stream:jira/APO/issues",
        "subject_label": "jira / APO / issues",
        "milestone_label": None,
        "severity": Severity.HIGH,
        "title": "Issues of APO were not read since Fri 5 Dec",
        "what": "The last complete reading was on Fri 5 Dec 2025.",
        "so_what": "Silence about APO does not mean that all is well.",
        "who": "you",
        "by_when": "today",
        "remedy": "Run driftline check and renew the token.",
        "evidence": (Evidence("the server answered 401", at=AT - timedelta(hours=2)),),
    }
    return finding(name, **{**values, **changes})


def digest_finding(name: str = "digest", **changes: Any) -> Finding:
    """A change of scope, for the page only."""
    values: dict[str, Any] = {
        "detector": "scope.net",
        "channel": Channel.DIGEST,
        "severity": Severity.HIGH,
        "title": f"The scope of Release 3.2 grew since it was observed ({name})",
        "what": "8 items entered, 1 left.",
    }
    return finding(name, **{**values, **changes})


def restricted_finding(name: str = "secret", **changes: Any) -> Finding:
    """About one restricted item."""
    values: dict[str, Any] = {
        "detector": "data.contradiction",
        "rule": "blocked-by-done",
        "subject": "issue:10666",
        "subject_label": "APO-66 Takeover of Globex",
        "milestone_label": "Release 3.2",
        "severity": Severity.LOW,
        "title": "APO-66 Takeover of Globex is blocked by finished work",
        "what": "APO-66 waits on APO-5, which is done.",
        "remedy": "Unblock APO-66.",
        "evidence": (
            Evidence(
                "APO-66 Takeover of Globex is blocked by APO-5",
                url="https://jira.example.com/browse/APO-66",
                restricted=True,
            ),
        ),
    }
    return finding(name, **{**values, **changes})


def ledger(**changes: Any) -> LedgerSummary:
    """40 points planned, 50 now."""
    base = LedgerSummary(
        unit="points",
        baseline=40.0,
        added=13.0,
        removed=5.0,
        reestimated=2.0,
        late_sized=0.0,
        current=50.0,
        balanced=True,
        net_ratio=0.25,
        entered_items=7,
        left_items=2,
        added_by_origin={"defect": 8.0, "pulled_in": 5.0},
    )
    return replace(base, **changes)


def milestone(name: str = "Release 3.2", **changes: Any) -> MilestoneLine:
    """Open, due 18 Dec 2025, moved twice, baseline not confirmed."""
    base = MilestoneLine(
        connection="jira",
        kind=MilestoneKind.VERSION,
        source_id="10001",
        name=name,
        project_key="APO",
        state=MilestoneState.FUTURE,
        start_date=date(2025, 11, 3),
        due_date=date(2025, 12, 18),
        former_due_dates=(date(2025, 12, 4), date(2025, 12, 11)),
        done_items=12,
        total_items=20,
        unestimated_items=3,
        baseline_rule="start_date",
        baseline_at=datetime(2025, 11, 2, 23, 0, tzinfo=UTC),
        baseline_accepted=False,
        ledger=ledger(),
        url="https://jira.example.com/projects/APO/versions/10001",
        forecast=ForecastSummary(
            p50=date(2026, 1, 9),
            p70=date(2026, 1, 20),
            p85=date(2026, 2, 3),
            p_on_time=0.31,
            silent=None,
            out_of_reach=False,
            proven=False,
        ),
    )
    return replace(base, **changes)


def late_milestone() -> MilestoneLine:
    """Release 3.1: past due, baseline confirmed."""
    return milestone(
        "Release 3.1",
        source_id="10000",
        due_date=date(2025, 11, 28),
        former_due_dates=(),
        done_items=16,
        unestimated_items=0,
        baseline_accepted=True,
        url=None,
    )


def certificate(stream: str = "issues", **changes: Any) -> Certificate:
    """A complete reading of one stream of APO."""
    base = Certificate(
        connection="jira",
        scope="APO",
        stream=stream,
        outcome="complete",
        reason=None,
        fresh_at=AT - timedelta(minutes=10),
        remote_count=120,
        local_count=120,
        unreadable=0,
        history_gaps=0,
    )
    return replace(base, **changes)


def reconciliation(**changes: Any) -> Reconciliation:
    """A later run with one judged milestone and nothing found."""
    base = Reconciliation(
        run_id=7,
        program="Apollo",
        at=AT,
        as_of=AT,
        time_zone="Europe/Berlin",
        is_first=False,
        previous_at=BEFORE,
        findings=(),
        resolved=(),
        milestones=(milestone(),),
        questions=(),
        not_checked=(),
        certificates=(certificate(), certificate("versions", remote_count=None, local_count=None)),
        hygiene=(),
        inventory={},
        config_hash="c0ffee00c0ffee00",
        mapping_version="feedbeef",
        program_version="0.1.0",
    )
    return replace(base, **changes)


def quiet() -> Reconciliation:
    """Nothing moved; one small thing still stands."""
    return reconciliation(
        findings=(finding("old", state=FindingState.ONGOING, first_seen_at=BEFORE),)
    )


def first_run() -> Reconciliation:
    """The inventory: 12 findings that were there, 4 milestones, 4 questions, one unread source."""
    found = [
        finding(
            f"gap-{place:02}",
            detector="data.plan-gap",
            subject=f"project:P{place:02}",
            subject_label=f"P{place:02}",
            state=FindingState.ALREADY_THERE,
            severity=Severity.LOW,
            title=f"{place + 1} started items of P{place:02} have no owner",
            evidence=(Evidence("no owner", at=AT - timedelta(days=3 * place)),),
        )
        for place in range(11)
    ]
    return reconciliation(
        is_first=True,
        previous_at=None,
        findings=(
            *found,
            blind_spot(state=FindingState.ALREADY_THERE),
            digest_finding(state=FindingState.ALREADY_THERE),
        ),
        milestones=(
            milestone(),
            late_milestone(),
            milestone("Sprint 12", kind=MilestoneKind.SPRINT, source_id="12", ledger=None),
            milestone("Someday", source_id="10009", due_date=None, former_due_dates=()),
        ),
        questions=tuple(
            Question(
                f"Does the scope of Release 3.{place} count from its start date?",
                f'driftline baseline accept "APO:Release 3.{place}"',
            )
            for place in range(4)
        ),
        certificates=(
            certificate(outcome="failed", reason="the token was refused (401)"),
            certificate("versions", scope="ZEU"),
        ),
        not_checked=(("scope.net", "Release 3.2", "issues of APO were not read"),),
        hygiene=("38 old versions still open",),
        inventory={"work_items": 1204, "milestones": 42, "open_items": 310, "nested": {"a": 1}},
    )


def busy() -> Reconciliation:
    """A later run with every kind of change, in every channel."""
    return reconciliation(
        findings=(
            overdue(),
            finding("moved"),
            finding(
                "worse",
                detector="data.plan-gap",
                state=FindingState.WORSENED,
                title="9 started items of APO have no owner",
                previous_severity=Severity.LOW,
                milestone_label=None,
            ),
            finding(
                "old",
                detector="data.plan-gap",
                state=FindingState.ONGOING,
                severity=Severity.LOW,
                title="2 started items of ZEU have no estimate",
                first_seen_at=BEFORE,
                milestone_label=None,
            ),
            digest_finding(),
        ),
        resolved=(
            finding("gone", state=FindingState.RESOLVED, title="Gone again", resolved_at=AT),
        ),
        milestones=(milestone(), late_milestone()),
        not_checked=(("scope.late-add", "Sprint 12", "the history of 3 items is incomplete"),),
        hygiene=("38 old versions still open",),
        certificates=(
            certificate(history_gaps=3),
            certificate("remote_links", outcome="unavailable", reason="not asked for"),
        ),
    )


def answered() -> tuple[Finding, ...]:
    """One that somebody took, one accepted until a day, and one snoozed until it is worse."""

    def one(name: str, kind: AnswerKind, title: str, **more: Any) -> Finding:
        found = finding(name, state=FindingState.ONGOING, first_seen_at=BEFORE, title=title)
        answer = Answer(
            fingerprint=found.fingerprint,
            detector=found.detector,
            kind=kind,
            author="ada",
            at=AT - timedelta(days=3),
            severity=found.severity,
            magnitude=found.magnitude,
            **more,
        )
        return replace(found, answer=answer)

    return (
        one("taken", AnswerKind.ACKNOWLEDGE, "The date of Release 3.3 moved once"),
        one(
            "accepted",
            AnswerKind.ACCEPT,
            "The date of Release 3.4 moved once",
            reason="the vendor repairs it",
            until=date(2025, 12, 20),
        ),
        one(
            "snoozed",
            AnswerKind.SNOOZE,
            "The date of Release 3.5 moved once",
            until=date(2026, 1, 15),
            until_worse=True,
        ),
    )


def whole() -> Reconciliation:
    """A later run with something in each of the report's ten parts."""
    base = busy()
    first, late = base.milestones
    return replace(
        base,
        findings=(
            *base.findings,
            finding(
                "foreseen",
                detector="plan.forecast-late",
                channel=Channel.DIGEST,
                severity=Severity.HIGH,
                title="Release 3.2 will probably be late: about 30 % by 18 Dec 2025",
                voices={
                    "executive": {"what": "Release 3.2 will probably come in January."},
                    "engineer": {"remedy": "Look at the eight open items of Release 3.2."},
                },
            ),
            *(
                finding(
                    f"untested-{place}",
                    detector="test.not-tested",
                    channel=Channel.DIGEST,
                    subject=f"change:{place}",
                    subject_label=f"shop/web#{place}",
                    title=f"No automated test evidence found for shop/web#{place}",
                    evidence=(
                        Evidence(
                            f"shop/web#{place} landed",
                            url=f"https://code.example.com/shop/web/pull/{place}",
                            at=AT - timedelta(days=place),
                        ),
                    ),
                )
                for place in range(1, 9)
            ),
            finding(
                "red",
                detector="test.merged-red",
                subject="change:40",
                subject_label="shop/web#40",
                severity=Severity.HIGH,
                title="shop/web#40 landed while its tests failed",
                milestone_label=None,
                remedy="Run the tests of shop/web#40 again, and mend what fails.",
                evidence=(
                    Evidence(
                        "shop/web#40 landed, and unit tests had failed",
                        url="https://code.example.com/shop/web/pull/40",
                        at=AT - timedelta(days=2),
                    ),
                ),
            ),
            finding(
                "stuck",
                detector="flow.stuck",
                channel=Channel.DIGEST,
                severity=Severity.MEDIUM,
                title="APO-12 Add login waits for review since 3 Nov 2025",
            ),
            *answered(),
        ),
        milestones=(
            replace(
                first,
                before=ForecastBefore(
                    date(2025, 12, 1), date(2025, 12, 18), date(2025, 12, 29), date(2026, 1, 20)
                ),
                tested=TestedSummary(0.72, 0.6, 11, 2, 1, "72 % of changed lines, 2 not known"),
            ),
            replace(
                late,
                ledger=ledger(
                    churn_ratio=0.5,
                    added_agreed=5.0,
                    removed_by_destination={"moved": 3.0, "cancelled": 2.0},
                ),
            ),
        ),
        detector_states={
            "test.not-tested": "checked",
            "test.merged-red": "checked",
            "test.unreviewed": "off",
        },
        forecast_skill=(
            "Of the last 22 forecasts with a known end (4 milestones), the 85 % date held 19 times."
        ),
        suppressed=(
            finding(
                "held",
                detector="plan.diverging",
                state=FindingState.SUPPRESSED,
                suppressed="its date has passed",
            ),
        ),
        burn_up=BurnUp(
            "Release 3.2",
            tuple(
                BurnUpPoint(date(2025, 11, 3) + timedelta(weeks=week), 17 + week // 2, 2 + 2 * week)
                for week in range(6)
            ),
            date(2025, 12, 18),
            date(2026, 1, 9),
            date(2026, 2, 3),
            0.31,
        ),
        trend=Trend(
            "Release 3.2",
            (
                TrendPoint(date(2025, 11, 3), promised=date(2025, 12, 4)),
                TrendPoint(date(2025, 11, 18), promised=date(2025, 12, 11)),
                TrendPoint(date(2025, 12, 1), p50=date(2025, 12, 29), p85=date(2026, 1, 20)),
                TrendPoint(
                    date(2025, 12, 8), date(2025, 12, 18), date(2026, 1, 9), date(2026, 2, 3)
                ),
            ),
        ),
    )


def restricted() -> Reconciliation:
    """Restricted items alone, and among the evidence of a milestone's finding."""
    return reconciliation(
        findings=(
            restricted_finding(),
            overdue(
                what="Open: APO-66 Takeover of Globex and 3 more.",
                evidence=(
                    Evidence(
                        "APO-12 Add login is open", url="https://jira.example.com/browse/APO-12"
                    ),
                    Evidence("APO-66 Takeover of Globex is open", restricted=True),
                ),
            ),
        ),
        not_checked=(("data.contradiction", "APO-66 Takeover of Globex", "no history"),),
        questions=(Question("Is APO-66 yours?", "yes"), Question("Count from 3 Nov?", "yes")),
        milestones=(milestone(), late_milestone()),
    )


def huge(count: int = 400) -> Reconciliation:
    """Hundreds of findings, milestones and sources."""
    return reconciliation(
        findings=tuple(
            finding(
                f"{place:03}",
                detector=("plan.due-moved", "data.plan-gap", "data.contradiction")[place % 3],
                subject=f"version:{place}",
                state=(FindingState.NEW, FindingState.ONGOING)[place % 2],
                severity=list(Severity)[place % 4],
                title=f"The date of component release number {place:03} of the platform moved",
            )
            for place in range(count)
        ),
        milestones=tuple(
            milestone(f"Component release {place:03}", source_id=str(place))
            for place in range(count // 2)
        ),
        certificates=tuple(
            certificate(scope=f"PRJ{place:03}", history_gaps=place % 5) for place in range(count)
        ),
        not_checked=tuple(
            ("scope.net", f"Component release {place:03}", f"reason {place}")
            for place in range(count // 4)
        ),
        hygiene=tuple(f"{place} old versions still open" for place in range(60)),
    )


def hostile() -> Reconciliation:
    """Every free text is an attack."""
    found = tuple(
        finding(
            str(place),
            title=text,
            what=text,
            so_what=text,
            who=text,
            by_when=text,
            remedy=text,
            subject_label=text,
            milestone_label=text,
            severity=list(Severity)[place % 4],
            evidence=(Evidence(text, url=text, source=text, at=AT),),
        )
        for place, text in enumerate(HOSTILE)
    )
    return reconciliation(
        program=HOSTILE[3],
        findings=found,
        milestones=tuple(
            milestone(text, source_id=str(place), url=text, withheld=text if place % 2 else None)
            for place, text in enumerate(HOSTILE)
        ),
        questions=tuple(Question(text, text) for text in HOSTILE),
        certificates=tuple(
            certificate(stream=text, scope=text, outcome="failed", reason=text) for text in HOSTILE
        ),
        not_checked=tuple((text, text, text) for text in HOSTILE),
        hygiene=HOSTILE,
        restated=(HOSTILE[0],),
        inventory={HOSTILE[0]: HOSTILE[1]},
    )


def scripts() -> Reconciliation:
    """Titles in many scripts, right to left, wide, with marks and emoji."""
    titles = (
        "الإصدار ٣٫٢ تأخر عن موعده",
        "גרסה 3.2 מאחרת",
        "リリース3.2の期日が変更されました",
        "Версия 3.2 перенесена",
        "Größe geändert: naïve façade",
        "👩‍💻 release 🚀 moved",
    )
    return reconciliation(
        program="Äpöllo 阿波罗",
        findings=tuple(
            finding(str(place), title=title, milestone_label=None)
            for place, title in enumerate(titles)
        ),
        milestones=(milestone("リリース 3.2 最終版"),),
    )


EXAMPLES = {
    "first_run": first_run,
    "quiet": quiet,
    "busy": busy,
    "whole": whole,
    "restricted": restricted,
    "hostile": hostile,
    "scripts": scripts,
}
