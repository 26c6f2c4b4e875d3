"""The life of a finding."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mappings.vocabulary import MilestoneKind
from sync.reconcile import life
from sync.reconcile.contract import (
    Channel,
    Evidence,
    Finding,
    FindingState,
    Found,
    Severity,
    Voice,
    Words,
)
from sync.reconcile.registry import BUILT_IN

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
State = FindingState
FOUND = Found("version:1", Severity.MEDIUM, 10.0, {}, (Evidence("proof"),), 1)


def seen(severity: Severity = Severity.MEDIUM, magnitude: float = 10.0) -> life.Seen:
    return life.Seen(
        fingerprint="f",
        detector="scope.net",
        found=replace(FOUND, severity=severity, magnitude=magnitude),
        connection="jira",
        channel=Channel.DIGEST,
        words=dict.fromkeys(("title", "what", "so_what", "who", "by_when", "remedy"), "-"),
        evidence_hash="e",
        subject_label="R1",
        milestone_label=None,
    )


def known(state: FindingState = State.NEW, anchor: float = 10.0) -> life.Known:
    verdict = life.Verdict(state, anchor)
    finding: Finding = life.as_finding(seen(), verdict, None, NOW)
    return life.Known(finding, anchor, "e", 1, None, {})


@pytest.mark.parametrize(
    ("first", "restated", "state"),
    [
        (True, False, State.ALREADY_THERE),
        (False, False, State.NEW),
        (False, True, State.ALREADY_THERE),
    ],
)
def test_a_finding_not_known_before(first: bool, restated: bool, state: FindingState) -> None:
    assert life.seen_again(seen(), None, first=first, restated=restated).state is state


@pytest.mark.parametrize(
    ("severity", "magnitude", "state"),
    [
        (Severity.MEDIUM, 10.0, State.ONGOING),
        (Severity.MEDIUM, 12.49, State.ONGOING),
        (Severity.MEDIUM, 12.5, State.WORSENED),
        (Severity.MEDIUM, 8.01, State.ONGOING),
        (Severity.MEDIUM, 8.0, State.IMPROVED),
        (Severity.HIGH, 10.0, State.WORSENED),
        (Severity.HIGH, 1.0, State.WORSENED),
        (Severity.LOW, 10.0, State.IMPROVED),
        (Severity.LOW, 99.0, State.IMPROVED),
    ],
)
def test_a_level_crossed_or_a_quarter_more(
    severity: Severity, magnitude: float, state: FindingState
) -> None:
    verdict = life.seen_again(seen(severity, magnitude), known(), first=False, restated=False)
    assert verdict.state is state


def test_slow_growth_is_measured_from_the_last_change() -> None:
    """Ten percent a day is worse on the third day, not never."""
    held = known()
    states = []
    for magnitude in (11.0, 12.0, 13.0, 14.0):
        verdict = life.seen_again(seen(magnitude=magnitude), held, first=False, restated=False)
        states.append(verdict.state)
        held = replace(held, anchor=verdict.anchor)
    assert states == [State.ONGOING, State.ONGOING, State.WORSENED, State.ONGOING]


def test_what_was_resolved_and_is_back_has_regressed() -> None:
    verdict = life.seen_again(seen(), known(State.RESOLVED), first=False, restated=False)
    assert verdict.state is State.REGRESSED


def test_what_could_not_be_checked_goes_on() -> None:
    verdict = life.seen_again(seen(), known(State.NOT_CHECKED), first=False, restated=False)
    assert verdict.state is State.ONGOING


@pytest.mark.parametrize("state", [State.NEW, State.RESOLVED])
def test_numbers_moved_by_us_are_no_change(state: FindingState) -> None:
    verdict = life.seen_again(seen(Severity.HIGH), known(state), first=False, restated=True)
    assert verdict.state is State.ONGOING
    assert verdict.silent


@pytest.mark.parametrize(
    ("unchecked", "withdrawn", "restated", "state", "silent"),
    [
        (None, None, False, State.RESOLVED, False),
        ("not read", None, False, State.NOT_CHECKED, False),
        (None, None, True, State.RESOLVED, True),
        ("not read", "no longer judged", False, State.RESOLVED, True),
    ],
)
def test_a_finding_that_is_not_there_now(
    unchecked: str | None, withdrawn: str | None, restated: bool, state: FindingState, silent: bool
) -> None:
    verdict = life.not_seen(known(), unchecked=unchecked, withdrawn=withdrawn, restated=restated)
    assert (verdict.state, verdict.silent) == (state, silent)


def test_identity_knows_no_text_number_level_or_date() -> None:
    other = replace(
        FOUND, severity=Severity.HIGH, magnitude=99.0, values={"a": 1}, evidence=(), channel=None
    )
    assert life.fingerprint("d", "c", other) == life.fingerprint("d", "c", FOUND)


@pytest.mark.parametrize(
    ("detector", "connection", "changes"),
    [
        ("e", "c", {}),
        ("d", "x", {}),
        ("d", "c", {"subject": "version:2"}),
        ("d", "c", {"rule": "r"}),
        ("d", "c", {"milestone": (MilestoneKind.VERSION, "2")}),
    ],
)
def test_identity_knows_detector_connection_subject_rule_and_milestone(
    detector: str, connection: str, changes: dict
) -> None:
    other = life.fingerprint(detector, connection, replace(FOUND, **changes))
    assert other != life.fingerprint("d", "c", FOUND)


def test_a_milestone_that_is_its_own_subject_adds_nothing() -> None:
    own = replace(FOUND, milestone=(MilestoneKind.VERSION, "1"))
    assert life.fingerprint("d", "c", own) == life.fingerprint("d", "c", FOUND)


def test_evidence_tells_unchanged_from_updated() -> None:
    one = (Evidence("a", source="s"),)
    assert life.evidence_hash(one) == life.evidence_hash((Evidence("a", at=NOW, source="s"),))
    assert life.evidence_hash(one) != life.evidence_hash((Evidence("b", source="s"),))


def test_values_of_a_vendor_are_no_templates() -> None:
    """Braces in a title are text."""
    detector = next(one for one in BUILT_IN if one.id == "data.contradiction")
    values = dict.fromkeys(("title", "what", "so_what", "who", "remedy"), "{0.__class__} {x}")
    assert life.words(detector, replace(FOUND, values=values))["title"] == "{0.__class__} {x}"


def test_an_audience_hears_its_own_words_and_else_the_common_ones() -> None:
    detector = replace(
        BUILT_IN[0],
        words=Words("{n} left", "what", "so", "who", "when", "do", executive=Voice(what="{n}!")),
    )
    found = replace(FOUND, values={"n": 3})
    told = replace(seen(), words=life.words(detector, found), voices=life.voices(detector, found))
    finding = life.as_finding(told, life.Verdict(State.NEW, 1.0), None, NOW)
    assert finding.voices == {"executive": {"what": "3!"}}
    heard = {name: life.spoken(finding, name) for name in ("executive", "manager", "engineer")}
    assert {name: (one.title, one.what) for name, one in heard.items()} == {
        "executive": ("3 left", "3!"),
        "manager": ("3 left", "what"),
        "engineer": ("3 left", "what"),
    }
    assert not any(one.voices for one in heard.values())
