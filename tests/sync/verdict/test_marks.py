"""What stands beside a verdict: gated, reviewed, and how deep the evidence is."""

from datetime import timedelta
from typing import Any

import pytest
from support.ladder import AFTER, BEFORE, EQUAL, MERGED, facts, ran

from mappings.vocabulary import WHOLE_PIPELINE, ReviewVerdict
from sync.verdict.change_facts import CheckFact, ReviewFact
from sync.verdict.judge import judge
from sync.verdict.names import Depth, Gate, Review, Subject

UNIT, E2E = ran("h"), ran("h", name="e2e")
ONE, BOTH = frozenset({"unit"}), frozenset({"unit", "e2e"})


def gate(*checks: CheckFact, **more: Any) -> Gate | None:
    return judge(facts(*checks, **more)).gated


@pytest.mark.parametrize(
    ("name", "checks", "required", "expected"),
    [
        ("all required and green", [UNIT, E2E], BOTH, Gate.GATED),
        ("one of two required", [UNIT, E2E], ONE, Gate.PARTLY),
        ("none required", [UNIT], frozenset(), Gate.NOT_GATED),
        ("not known", [UNIT], None, None),
        ("red", [ran("h", "failure")], ONE, Gate.BYPASSED),
        ("did not run", [], ONE, Gate.BYPASSED),
        ("still ran", [ran("h", "pending")], ONE, Gate.BYPASSED),
        ("ran after the merge only", [ran("m", at=AFTER)], ONE, Gate.BYPASSED),
        ("on an earlier commit only", [ran("c1")], ONE, Gate.BYPASSED),
        ("in the queue", [ran("q")], ONE, Gate.GATED),
        # A job that a condition skipped lets a change through, and tests nothing.
        ("skipped", [ran("h", "skipped")], ONE, Gate.GATED),
        ("allowed to fail", [ran("h", "failure", allow_failure=True)], ONE, Gate.GATED),
        ("red, then green", [ran("h", "failure"), ran("h", attempt=2)], ONE, Gate.GATED),
        ("green, red after the merge", [UNIT, ran("h", "failure", at=AFTER)], ONE, Gate.GATED),
        ("its end is not told", [ran("h", finished_at=None)], ONE, None),
        ("a leg of its matrix", [ran("h", name="unit (3.11)")], ONE, Gate.GATED),
        ("the whole pipeline", [UNIT, E2E], frozenset({WHOLE_PIPELINE}), Gate.GATED),
        (
            "the whole pipeline, red",
            [UNIT, ran("h", "failure", "e2e")],
            frozenset({WHOLE_PIPELINE}),
            Gate.BYPASSED,
        ),
        ("the whole pipeline, no test", [], frozenset({WHOLE_PIPELINE}), None),
    ],
)
def test_gated(
    name: str, checks: list[CheckFact], required: frozenset[str] | None, expected: Gate | None
) -> None:
    assert gate(*checks, required=required) is expected, name


def test_a_gate_that_was_not_read_is_not_called_bypassed() -> None:
    assert gate(required=ONE, unread=("403",)) is None
    assert gate(required=ONE, gaps=frozenset({("h", "status")})) is None
    assert gate(UNIT, required=ONE, merged_at=None) is None


def test_a_gate_that_may_not_have_been_there_was_not_bypassed() -> None:
    """What merging requires is known as it is now, since it was first read."""
    for since in (None, MERGED + timedelta(seconds=1)):
        assert gate(required=ONE, required_since=since) is None
        assert gate(UNIT, required=ONE, required_since=since) is Gate.GATED
    assert gate(required=ONE, required_since=MERGED) is Gate.BYPASSED


def test_a_skipped_gate_and_its_evidence_are_two_things() -> None:
    one = judge(facts(ran("h", "skipped"), required=ONE))
    assert (one.gated, one.verdict.value) == (Gate.GATED, "not_tested")


def test_a_direct_push_goes_past_the_gate() -> None:
    push: dict[str, Any] = {"subject": Subject.DIRECT_PUSH, "head_sha": None}
    assert gate(ran("m"), required=ONE, **push) is Gate.BYPASSED
    assert gate(ran("m"), required=frozenset(), **push) is Gate.NOT_GATED
    assert gate(ran("m"), required=None, **push) is None
    assert gate(ran("m"), required=ONE, required_since=None, **push) is None
    assert judge(facts(**push)).reviewed is Review.NOT_REVIEWED


# --- reviews ----------------------------------------------------------------------------------

EARLY = BEFORE - timedelta(hours=1)


def said(
    who: str | None = "bo",
    verdict: str = "approved",
    sha: str | None = "h",
    at: Any = BEFORE,
    **more: Any,
) -> ReviewFact:
    return ReviewFact(who, ReviewVerdict(verdict), sha, at, **more)


def reviewed(*reviews: ReviewFact, **more: Any) -> Review | None:
    return judge(facts(reviews=reviews, author_id="ana", **more)).reviewed


@pytest.mark.parametrize(
    ("name", "reviews", "more", "expected"),
    [
        ("at the head", [said()], {}, Review.REVIEWED),
        ("nobody", [], {}, Review.NOT_REVIEWED),
        ("its author", [said("ana")], {}, Review.NOT_REVIEWED),
        ("a bot", [said(is_bot=True)], {}, Review.NOT_REVIEWED),
        ("a comment", [said(verdict="commented")], {}, Review.NOT_REVIEWED),
        ("after the merge", [said(at=AFTER)], {}, Review.NOT_REVIEWED),
        ("an earlier commit", [said(sha="c1")], {}, Review.STALE_APPROVAL),
        ("one of each", [said(sha="c1"), said("cy")], {}, Review.REVIEWED),
        ("then asked for more", [said(at=EARLY), said(verdict="changes_requested")], {}, None),
        ("then dismissed", [said(at=EARLY), said(verdict="dismissed")], {}, None),
        ("then commented", [said(at=EARLY), said(verdict="commented")], {}, Review.REVIEWED),
        ("approved at last", [said(verdict="changes_requested", at=EARLY), said()], {}, "yes"),
        ("no commit, after the push", [said(sha=None)], {"pushed_at": EARLY}, Review.REVIEWED),
        ("no commit, before it", [said(sha=None)], {"pushed_at": MERGED}, Review.STALE_APPROVAL),
        ("neither is told", [said(sha=None)], {}, "unknown"),
        ("a rebase of the same", [said(sha="c1")], {"trees": {"c1": "t", "h": "t"}}, "yes"),
        ("nobody knows who", [said(None)], {}, Review.REVIEWED),
    ],
)
def test_reviewed(
    name: str, reviews: list[ReviewFact], more: dict[str, Any], expected: Any
) -> None:
    wanted = {None: Review.NOT_REVIEWED, "yes": Review.REVIEWED, "unknown": None}
    assert reviewed(*reviews, **more) is wanted.get(expected, expected), name


def test_reviews_that_were_not_read_are_not_known() -> None:
    assert judge(facts(UNIT)).reviewed is None


# --- depth ------------------------------------------------------------------------------------


def test_the_least_that_any_check_tells() -> None:
    counts = ran("m", name="e2e", tests_total=3)
    coverage = ran("m", tests_total=3, coverage=80.0)
    assert judge(facts(coverage)).depth is Depth.COVERAGE
    assert judge(facts(coverage, counts)).depth is Depth.COUNTS
    assert judge(facts(coverage, ran("m", name="e2e"))).depth is Depth.CHECK
    assert judge(facts(ran("m", "skipped"), trees=EQUAL)).depth is None
