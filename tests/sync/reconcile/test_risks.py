"""The risk register: probability from forecasts, impact by asking them, else unknown."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.cases import At, build, policy, utc

from sync.forecast.percent import steps_of_five
from sync.forecast.store import proof
from sync.reconcile import findings
from sync.reconcile.contract import Answer, AnswerKind, Evidence, Finding, FindingState, Severity
from sync.reconcile.life import Known
from sync.reconcile.risks import Risk, Without, band, register
from sync.reconcile.runner import reconcile
from sync.reconcile.view import View

NOW = utc(date(2026, 3, 9)) + timedelta(hours=8)
START = date(2026, 1, 5)


def done(ids: str, on: str) -> dict[str, Any]:
    at = utc(date.fromisoformat(on)) + timedelta(hours=10)
    return {"ids": ids, "in": ["v1"], "status": "done", "since": {"status": "todo", "at": at}}


#: 20 items planned, 8 done in eight weeks; 6 more entered in February.
CASE: dict[str, Any] = {
    "now": NOW,
    "judge": ["APO:R1"],
    "milestones": [{"id": "v1", "name": "R1", "start": START, "due": date(2026, 5, 15)}],
    "baselines": [{"milestone": "v1", "at": utc(START), "accepted": True}],
    "items": [
        {"ids": "1-12", "in": ["v1"]},
        {"ids": "21-26", "entered": {"v1": utc(date(2026, 2, 10)) + timedelta(hours=9)}},
        done("13-14", "2026-01-15"),
        done("15-16", "2026-01-29"),
        done("17-18", "2026-02-12"),
        done("19-20", "2026-03-03"),
    ],
}


def known(name: str, detector: str, **more: Any) -> Known:
    """A finding as a reconciliation left it, seen first a week ago."""
    subject = more.pop("subject", "version:v1")
    milestone = more.pop("milestone", None)
    found = Finding(
        fingerprint=name,
        detector=detector,
        rule="",
        subject=subject,
        subject_label="R1",
        severity=more.pop("severity", Severity.MEDIUM),
        state=more.pop("state", FindingState.ONGOING),
        channel=more.pop("channel", "digest"),
        magnitude=1.0,
        title=f"Title {name}",
        what="",
        so_what="",
        who="owner of R1",
        by_when="",
        remedy="",
        evidence=tuple(Evidence("", source=f"issue:{id_}") for id_ in more.pop("items", ())),
        first_seen_at=more.pop("seen", NOW - timedelta(days=7)),
        last_seen_at=NOW,
        connection="jira",
    )
    assert not more
    return Known(found, 1.0, "", 1, milestone, {})


def told(*found: Known, **changes: Any) -> dict[str, Risk]:
    data = {**CASE, **changes}
    with build(data).reading() as conn:
        return {
            one.finding.fingerprint: one
            for one in register(View(conn, policy(data), NOW, NOW), found)
        }


def test_the_probability_is_the_forecasts_in_steps_of_five_and_a_word() -> None:
    one = told(known("a", "plan.due-moved"))["a"]
    assert one.milestone == "APO:R1"
    assert one.percent_on_time is not None
    assert one.percent_on_time % 5 == 0
    assert one.probability == band(one.percent_on_time) != "unknown"
    assert (one.response, one.until, one.age_days) == ("open", None, 7)


def test_growth_costs_what_the_date_gains_if_no_more_entered() -> None:
    found = told(known("a", "scope.net"))["a"].impact
    assert found.without is Without.GROWTH
    assert found.days is not None
    assert found.days > 0


def test_items_cost_what_the_date_gains_without_them_and_more_items_never_less() -> None:
    found = told(
        known("one", "scope.carryover", items=["1"]),
        known("six", "scope.carryover", items=["1", "2", "3", "4", "5", "6"]),
        known("done", "scope.reopened", items=["13"]),
    )
    one, six = found["one"].impact, found["six"].impact
    assert (one.items, six.items) == (1, 6)
    assert one.days is not None
    assert six.days is not None
    assert 0 <= one.days < six.days
    assert found["done"].impact.days is None
    assert found["done"].impact.reason == "none of its items is open in the milestone"


def test_waiting_costs_what_the_date_gains_if_it_waited_for_nothing() -> None:
    """R1 waits for an item of R2, which is done at the same pace and has more left."""
    slow = [
        {**done(f"{60 + n}-{61 + n}", on), "in": ["v2"]}
        for n, on in ((1, "2026-01-15"), (3, "2026-01-29"), (5, "2026-02-12"), (7, "2026-03-03"))
    ]
    data = {
        **CASE,
        "milestones": [
            *CASE["milestones"],
            {"id": "v2", "name": "R2", "start": START, "due": date(2026, 12, 18)},
        ],
        "items": [*CASE["items"], {"ids": "101-124", "in": ["v2"]}, *slow],
        "links": [{"from": 101, "to": 1, "kind": "blocks"}],
    }
    found = told(known("a", "plan.dependency"), **data)["a"].impact
    assert found.without is Without.WAITING
    assert found.days is not None
    assert found.days > 0
    nobody = told(known("a", "plan.dependency"))["a"].impact
    assert nobody.reason == "when what it waits for ends is not forecast"


def test_an_item_threatens_the_milestone_that_holds_it() -> None:
    found = told(
        known("in", "flow.aging", subject="issue:1"),
        known("out", "flow.aging", subject="issue:99"),
    )
    assert found["in"].milestone == "APO:R1"
    assert found["in"].impact.items == 1
    assert found["out"].percent_on_time is None
    assert found["out"].probability == "unknown"
    assert found["out"].impact.days is None


def test_what_cannot_be_asked_and_what_is_not_forecast_have_no_number() -> None:
    assert told(known("a", "plan.overdue"))["a"].impact.reason == (
        "the forecast cannot be asked without it"
    )
    silent = told(known("a", "scope.net"), items=[{"ids": "1-12", "in": ["v1"]}])["a"]
    assert silent.probability == "unknown"
    assert silent.probability_reason.startswith("not enough history")
    assert (silent.impact.days, silent.impact.reason) == (None, "nothing is forecast of it")
    undated = told(
        known("a", "scope.net"),
        milestones=[{"id": "v1", "name": "R1", "start": START}],
    )["a"]
    assert (undated.percent_on_time, undated.probability_reason) == (None, "no date is promised")
    assert undated.impact.days is not None


def answer(name: str, kind: AnswerKind, **more: Any) -> Answer:
    return Answer(name, "scope.net", kind, "ada", NOW, Severity.MEDIUM, 1.0, **more)


def test_the_response_is_the_answer_that_holds() -> None:
    answers = {
        "a": answer("a", AnswerKind.ACKNOWLEDGE),
        "b": answer("b", AnswerKind.ACCEPT, until=date(2026, 3, 9)),
        "c": answer("c", AnswerKind.SNOOZE, until=date(2026, 3, 8)),
        "d": answer("d", AnswerKind.AGREE),
    }
    with build(CASE).reading() as conn:
        view = View(conn, policy(CASE), NOW, NOW)
        found = {
            one.finding.fingerprint: (one.owner, one.response, one.until)
            for one in register(view, [known(name, "scope.net") for name in "abcde"], answers)
        }
    nobody = ("owner of R1", "open", None)
    assert found == {
        "a": ("ada", "acknowledged", None),
        # The last day counts; the day after it is open again.
        "b": ("owner of R1", "accepted", date(2026, 3, 9)),
        "c": nobody,
        "d": nobody,
        "e": nobody,
    }


def test_a_finding_that_another_explains_is_no_risk_of_its_own() -> None:
    assert told(known("a", "scope.net", state=FindingState.SUPPRESSED)) == {}


def test_a_program_milestone_has_a_probability_and_no_impact() -> None:
    data = {**CASE, "judge": ["Launch"], "programs": {"Launch": [[1, "version", "v1"]]}}
    (one,) = told(known("a", "plan.diverging", subject="program:Launch"), **data).values()
    assert one.milestone == "Launch"
    assert one.impact.reason == "of a program milestone its parts alone can be asked"


def test_resolved_findings_are_no_risks_and_the_order_is_fixed() -> None:
    given_ = [
        known("d", "scope.net", severity=Severity.LOW),
        known("c", "plan.overdue", severity=Severity.HIGH),
        known("b", "scope.net", severity=Severity.HIGH),
        known("a", "scope.net", severity=Severity.HIGH, state=FindingState.RESOLVED),
    ]
    with build(CASE).reading() as conn:
        for ordered in (given_, given_[::-1]):
            view = View(conn, policy(CASE), NOW, NOW)
            names = [one.finding.fingerprint for one in register(view, ordered)]
            assert names == ["b", "c", "d"]


def test_the_register_of_a_reconciliation_has_a_line_for_each_open_finding() -> None:
    store = build(CASE)
    result = reconcile(store, policy(CASE), clock=At(NOW))
    assert result.findings
    with store.reading() as conn:
        view = View(conn, policy(CASE), NOW, NOW)
        lines = register(view, findings.known(conn).values())
        assert not proof(conn, NOW).probability
    shown = {one.fingerprint for one in result.findings}
    assert {one.finding.fingerprint for one in lines} == shown


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_date_that_holds_less_often_is_never_the_less_probable_risk(
    one: float, two: float
) -> None:
    words = ["very unlikely", "unlikely", "about even", "likely", "very likely"]
    low, high = sorted((one, two))
    assert words.index(band(steps_of_five(low))) >= words.index(band(steps_of_five(high)))


def test_nothing_known_has_no_band() -> None:
    assert band(None) == "unknown"
