"""The table of verdicts: what is shown of a change, from the grades of its checks."""

from datetime import date
from typing import Any

import pytest
from support.ladder import AFTER, built, facts, ran

from sync.verdict.change_facts import CheckFact, DiffCoverage, Exemption, Target
from sync.verdict.judge import Judgement, judge
from sync.verdict.names import Mark, Subject, Verdict

DOCS = Exemption("docs", "documentation only")


def judged(*checks: CheckFact, **more: Any) -> Judgement:
    return judge(facts(*checks, **more))


def verdict(*checks: CheckFact, **more: Any) -> str:
    return judged(*checks, **more).verdict.value


UNIT, E2E = ran("m"), ran("m", name="e2e")
SKIPPED, PENDING = ran("m", "skipped", name="e2e"), ran("m", "pending", name="e2e")
FAILED = ran("m", "failure", name="e2e")
BOTH = {"expected": frozenset({"unit", "e2e"})}


@pytest.mark.parametrize(
    ("name", "checks", "more", "expected"),
    [
        ("all exact", [UNIT, E2E], {}, "tested"),
        ("one after the merge", [UNIT, ran("m", name="e2e", at=AFTER)], {}, "tested_after"),
        ("one in a batch of two", [UNIT, ran("n1", name="e2e")], BOTH, "tested_after"),
        ("one on a preview", [UNIT, ran("p", name="e2e")], {}, "tested_at_head"),
        ("one on the head", [ran("n1"), ran("h", name="e2e")], BOTH, "tested_at_head"),
        ("one in a large batch", [UNIT, ran("n3", name="e2e")], BOTH, "stale"),
        ("one on a stale preview", [UNIT, ran("q", name="e2e")], {}, "stale"),
        ("one on an earlier commit", [UNIT, ran("c1", name="e2e")], {}, "stale"),
        ("one skipped", [UNIT, SKIPPED], {}, "partial"),
        ("one stale and one skipped", [ran("c1"), SKIPPED], {}, "partial"),
        ("one left no trace", [UNIT], {"expected": frozenset({"unit", "e2e"})}, "partial"),
        ("one failed", [UNIT, FAILED], {}, "merged_red"),
        ("one failed and one runs", [FAILED, ran("m", "pending")], {}, "merged_red"),
        ("one failed and one is unknown", [FAILED, ran("m", "unknown")], {}, "merged_red"),
        ("all skipped", [SKIPPED], {}, "not_tested"),
        ("skipped and no trace", [SKIPPED], {"expected": frozenset({"unit"})}, "not_tested"),
        ("no trace", [], {"expected": frozenset({"unit"})}, "not_tested"),
        ("one runs", [UNIT, PENDING], {}, "unknown"),
        ("one runs, the rest did not", [ran("m", "skipped"), PENDING], {}, "unknown"),
        ("one is not understood", [UNIT, ran("m", "unknown", name="e2e")], {}, "unknown"),
        ("nothing, tests run around it", [], {}, "not_tested"),
        ("nothing, and no test is known", [], {"has_tests": False}, "no_ci"),
        ("nothing, what is a test is not known", [], {"has_tests": None}, "unknown"),
        ("nothing, and none around it", [], {"tests_run_here": False}, "unknown"),
        # What could not be read is neither tested nor untested.
        ("403, green", [UNIT], {"unread": ("403",)}, "unknown"),
        ("403, skipped", [SKIPPED], {"unread": ("403",)}, "unknown"),
        ("403, nothing", [], {"unread": ("403",)}, "unknown"),
        ("403, nothing known", [], {"unread": ("403",), "has_tests": False}, "unknown"),
        ("403, red", [FAILED], {"unread": ("403",)}, "merged_red"),
        # Exempt
        ("exempt, nothing ran", [], {"exempt": DOCS}, "exempt"),
        ("exempt, red", [FAILED], {"exempt": DOCS}, "merged_red"),
        ("exempt, not read", [], {"exempt": DOCS, "unread": ("403",)}, "exempt"),
        ("exempt, no test is known", [], {"exempt": DOCS, "has_tests": False}, "exempt"),
        # Where the commit that landed is not told, the head is all there is.
        ("what landed is not told", [ran("h")], {"landed_sha": None}, "tested_at_head"),
        ("a stale head was squashed", [ran("c2")], {"trees": {"m": "t", "h": "t"}}, "stale"),
    ],
)
def test_verdicts(name: str, checks: list[CheckFact], more: dict[str, Any], expected: str) -> None:
    """B115: A change with conflicts starts no workflow of its own: scanners alone test nothing."""
    assert verdict(*checks, **more) == expected, name


def test_the_reason_of_what_is_unknown() -> None:
    assert judged(unread=("statuses: 403",)).reasons == ("statuses: 403",)
    assert judged(PENDING).reasons == ("e2e has not ended",)
    (said,) = judged(ran("m", "unknown")).reasons
    assert "unit" in said


# --- exemptions -------------------------------------------------------------------------------


def test_an_exemption_is_told_by_name() -> None:
    one = judged(exempt=DOCS)
    assert (one.verdict, one.reasons, one.rule) == (
        Verdict.EXEMPT,
        ("documentation only",),
        "docs",
    )
    assert judged(FAILED, exempt=DOCS).rule == "docs"


def test_a_rule_that_ended_stops_and_says_so() -> None:
    ended = Exemption("docs", "documentation only", expired=date(2026, 1, 31))
    one = judged(exempt=ended)
    assert (one.verdict, one.rule) == (Verdict.NOT_TESTED, None)
    assert one.reasons == ('the rule "docs" would exempt it and ended on 2026-01-31',)
    assert judged(UNIT, exempt=ended).verdict is Verdict.TESTED


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        ([ran("c1")], "exempt"),
        ([UNIT], "exempt"),
        ([], "not_tested"),
        ([ran("m", "skipped")], "not_tested"),
        ([ran("m"), SKIPPED], "partial"),
        ([PENDING], "unknown"),
    ],
)
def test_a_rule_that_asks_for_tests(checks: list[CheckFact], expected: str) -> None:
    rule = Exemption("lockfile", "lock files only", needs_tests=True)
    assert verdict(*checks, exempt=rule) == expected


# --- coverage of the changed lines ------------------------------------------------------------


@pytest.mark.parametrize(
    ("covered", "coverable", "expected"),
    [
        (0, 0, "tested"),
        (0, 9, "tested"),
        (0, 10, "partial"),
        (59, 100, "partial"),
        (60, 100, "tested"),
        (13, 22, "tested"),
        (15, 25, "tested"),
        (14, 25, "partial"),
    ],
)
def test_changed_lines_without_a_test(covered: int, coverable: int, expected: str) -> None:
    assert verdict(UNIT, coverage=DiffCoverage(covered, coverable)) == expected


def test_coverage_makes_nothing_tested_and_says_what_it_saw() -> None:
    poor, full = DiffCoverage(2, 30, carried=True), DiffCoverage(30, 30)
    assert judged(UNIT, coverage=poor).reasons == (
        "tests executed 2 of 30 changed lines, of a report carried over",
    )
    for checks, expected in (
        ((), "not_tested"),
        ((FAILED,), "merged_red"),
        ((PENDING,), "unknown"),
    ):
        assert verdict(*checks, coverage=poor) == expected
        assert verdict(*checks, coverage=full) == expected
    assert verdict(ran("c1"), coverage=poor) == "partial"
    strict = Target(share=0.95, uncovered=1)
    assert judge(facts(UNIT, coverage=DiffCoverage(28, 30)), strict).verdict is Verdict.PARTIAL


# --- which checks are the change's own --------------------------------------------------------


def test_another_value_of_a_matrix_stands_for_the_one_that_is_gone() -> None:
    def legs(*ran_on: str, expected: tuple[str, ...]) -> str:
        checks = [ran("m", name=f"unit ({one})") for one in ran_on]
        return verdict(*checks, expected=frozenset(f"unit ({one})" for one in expected))

    assert legs("3.12", expected=("3.11",)) == "tested"
    assert legs("3.12", "3.13", expected=("3.11", "3.12")) == "tested"
    # Both are usual, and one is missing.
    assert legs("3.12", expected=("3.11", "3.12")) == "partial"


def test_a_matrix_that_was_skipped_before_it_was_known_is_no_check() -> None:
    legs = [ran("m", name="unit (3.11)"), ran("m", "skipped", name="unit")]
    assert verdict(*legs) == "tested"
    # It is a check of its own elsewhere.
    assert verdict(*legs, expected=frozenset({"unit"})) == "partial"
    assert verdict(ran("m", "skipped", name="unit")) == "not_tested"
    assert verdict(ran("m", "cancelled", name="unit"), legs[0]) == "partial"


def test_what_does_not_run_for_such_paths_is_not_missed() -> None:
    other = frozenset({"e2e"})
    one = judged(UNIT, SKIPPED, not_expected=other)
    assert (one.verdict, one.reasons) == (
        Verdict.TESTED,
        ("e2e does not run for paths like these",),
    )
    # Without anything else an empty set is no pass.
    assert verdict(SKIPPED, not_expected=other) == "not_tested"
    assert verdict(UNIT, FAILED, not_expected=other) == "merged_red"
    # Required, or usual after all: a gate may be satisfied by a skipped job, tests are not.
    assert verdict(UNIT, SKIPPED, not_expected=other, required=other) == "partial"
    assert verdict(UNIT, SKIPPED, not_expected=other, expected=other) == "partial"


def test_a_check_that_was_renamed_in_the_change() -> None:
    old, gone = ran("c1", name="old unit"), frozenset({"old unit"})
    assert verdict(old, UNIT) == "stale"
    one = judged(old, UNIT, retired=gone)
    assert one.verdict is Verdict.TESTED
    assert one.reasons == ("old unit is not run any more: it was renamed or removed",)
    assert verdict(ran("c1", "failure", name="old unit"), UNIT, retired=gone) == "tested"
    # A failure on what landed is none of before, and nothing newer ran.
    assert verdict(ran("m", "failure", name="old unit"), UNIT, retired=gone) == "merged_red"
    assert verdict(ran("c1", "failure", name="old unit"), retired=gone) == "merged_red"
    assert verdict(old, SKIPPED, retired=gone) == "partial"
    assert verdict(old, UNIT, retired=gone, expected=gone) == "stale"


def test_what_runs_on_later_states_of_the_branch_alone_is_none_of_its_own() -> None:
    """A nightly run tells of a change what is usual for changes, and nothing else."""
    nightly = (ran("n3", name="nightly"), ran("n3", "failure", name="nightly e2e"))
    usual = frozenset({"unit"})
    assert verdict(ran("m"), *nightly) == "tested"
    assert verdict(ran("m"), *nightly, expected=usual) == "tested"
    assert verdict(ran("n1"), *nightly, expected=usual) == "tested_after"
    assert verdict(*nightly, expected=usual) == "not_tested"
    assert verdict(ran("n1"), expected=frozenset({"unit", "e2e"})) == "partial"
    # Where nothing is usual yet, it is all that there is.
    assert verdict(ran("n3", name="nightly")) == "stale"
    assert verdict(ran("n3", "failure", name="nightly"), required=frozenset({"nightly"})) == (
        "merged_red"
    )


def test_namesakes_of_two_workflows_are_two_checks() -> None:
    pair = [ran("m", "failure", name="test [CI]"), ran("m", name="test [Nightly]")]
    assert verdict(*pair) == "merged_red"


# --- subjects and signs -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("checks", "more", "expected"),
    [
        ([ran("m", at=AFTER)], {}, "tested_after"),
        ([ran("m", "failure", at=AFTER)], {}, "merged_red"),
        ([ran("x")], {"equal": frozenset({"x"})}, "tested"),
        ([ran("n1", at=AFTER)], {}, "tested_after"),
        ([], {}, "not_tested"),
    ],
)
def test_a_direct_push_is_judged_on_what_landed(
    checks: list[CheckFact], more: dict[str, Any], expected: str
) -> None:
    push: dict[str, Any] = {
        "subject": Subject.DIRECT_PUSH,
        "head_sha": None,
        "commits": frozenset(),
        "previews": {},
    }
    assert verdict(*checks, **push, **more) == expected


def test_what_takes_back_the_work_of_others_is_told() -> None:
    """B119: Green on an old base, landed over newer work: files that are none of its own."""
    more = {"landed_paths": frozenset({"src/app.py", "web/x.ts", "web/y.ts"})}
    one = judged(built("b0"), **more)
    assert (one.verdict, Mark.TAKES_BACK in one.marks) == (Verdict.TESTED_AT_HEAD, True)
    assert one.reasons == (
        "what landed also changes web/x.ts and 1 more, which the change does not touch: it may "
        "take back what landed before",
    )
    assert judged(built("b1")).verdict is Verdict.STALE
    assert not judged(UNIT, landed_paths=frozenset({"src/app.py"})).marks
    assert not judged(UNIT, **more, paths=None).marks
    assert not judged(UNIT).marks


def test_the_content_of_a_stale_head_takes_back_what_landed_in_between() -> None:
    """B119: The tree of a head that was begun on an older base was landed over newer work."""
    trees = {"m": "new", "h": "new", "f": "old", "b": "newer"}
    one = judged(ran("h"), trees=trees, forked_from="f")
    assert (one.verdict, one.signs) == (Verdict.TESTED, {Mark.TAKES_BACK})
    assert "takes back what landed in between" in one.reasons[0]
    # Merged with what landed in between; begun on it; nothing of content landed; a revert to it.
    for other, fork in (
        ({**trees, "m": "merged"}, "f"),
        (trees, "b"),
        (trees, None),
        ({**trees, "b": "old"}, "f"),
        ({**trees, "m": "old", "h": "old"}, "f"),
        ({"m": "new", "h": "new"}, "f"),
    ):
        assert not judged(ran("h"), trees=other, forked_from=fork).signs


def test_a_shared_failure_says_so() -> None:
    (reason,) = judged(ran("n3", "failure")).reasons
    assert "3 other changes" in reason
    assert judged(FAILED).reasons == ()
