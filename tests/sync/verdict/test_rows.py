"""Each row of the decision table, with what is near to it: the grade of one check."""

from datetime import timedelta
from typing import Any

import pytest
from support.ladder import AFTER, BEFORE, CHANGE, DAY, EQUAL, MERGED, built, facts, ran

from mappings.vocabulary import Conclusion, MergeMethod, Origin
from sync.verdict.change_facts import CheckFact, Moved, Preview
from sync.verdict.grade import CheckVerdict
from sync.verdict.judge import grades
from sync.verdict.names import Depth, Mark

EARLY = BEFORE - timedelta(hours=1)
LATE = AFTER + timedelta(hours=1)


def the(*checks: CheckFact, **more: Any) -> CheckVerdict:
    (one,) = grades(facts(*checks, **more))
    return one


def label(*checks: CheckFact, **more: Any) -> str:
    return the(*checks, **more).label


@pytest.mark.parametrize(
    ("row", "checks", "more", "expected"),
    [
        # 1: success on m or an equal tree, before the merge
        ("1 on what landed", [ran("m")], {}, "EXACT"),
        ("1 the moment of the merge", [ran("m", at=MERGED)], {}, "EXACT"),
        ("1 squash, head of equal tree", [ran("h")], {"trees": EQUAL}, "EXACT"),
        ("1 equal by compare", [ran("h")], {"equal": frozenset({"h"})}, "EXACT"),
        ("1 queue commit that landed", [ran("q")], {"trees": {"m": "t", "q": "t"}}, "EXACT"),
        ("1 earlier commit, reverted to", [ran("c1")], {"trees": {"m": "t", "c1": "t"}}, "EXACT"),
        ("1 revert to a tested trunk", [ran("x")], {"equal": frozenset({"x"})}, "EXACT"),
        (
            "1 a foreign commit that a run built itself",
            [ran("x", builds_merge=False)],
            {"trees": {"m": "t", "x": "t"}},
            "EXACT",
        ),
        ("1 fast-forward", [ran("h")], {"landed_sha": "h"}, "EXACT"),
        # 2: the same, after the merge
        ("2 trunk run", [ran("m", at=AFTER)], {}, "EXACT-AFTER"),
        ("2 equal head, rerun late", [ran("h", at=AFTER)], {"trees": EQUAL}, "EXACT-AFTER"),
        ("2 the end is not told", [ran("m", finished_at=None)], {}, "EXACT-AFTER"),
        ("2 the merge is not told", [ran("m")], {"merged_at": None}, "EXACT-AFTER"),
        ("2 began before, ended after", [ran("m", finished_at=AFTER)], {}, "EXACT-AFTER"),
        # 3: a preview, nothing of the change moved
        ("3 other files moved", [ran("p")], {}, "PREVIEW"),
        ("3 nothing moved", [ran("s")], {}, "PREVIEW"),
        ("3 a run shown on the head", [built("b0")], {}, "PREVIEW"),
        (
            "3 documentation beside it moved",
            [ran("p")],
            {"moved": {"b0": Moved(frozenset({"src/README.md"}), MERGED - DAY)}},
            "PREVIEW",
        ),
        # 4: a preview on an old base, or overlapping
        ("4 the package moved", [ran("q")], {}, "PREVIEW-STALE"),
        (
            "4 the file moved",
            [ran("p")],
            {"moved": {"b0": Moved(CHANGE.paths, MERGED - DAY)}},
            "PREVIEW-STALE",
        ),
        ("4 the base is old", [ran("o")], {}, "PREVIEW-STALE"),
        ("4 the base is as old as the run", [ran("u", at=MERGED - 8 * DAY)], {}, "PREVIEW-STALE"),
        ("4 a run shown on the head", [built("b1")], {}, "PREVIEW-STALE"),
        (
            "3 exactly seven days are not old",
            [ran("p")],
            {"moved": {"b0": Moved(frozenset(), MERGED - 7 * DAY)}},
            "PREVIEW",
        ),
        # 5: the head only
        ("5 trees not told", [ran("h")], {}, "HEAD"),
        ("5 another tree", [ran("h")], {"trees": {"m": "t", "h": "u"}}, "HEAD"),
        ("5 one tree told", [ran("h")], {"trees": {"m": "t"}}, "HEAD"),
        ("5 base of the run not known", [built(None)], {}, "HEAD"),
        ("5 base at the merge not known", [ran("p")], {"base_sha": None}, "HEAD"),
        ("5 what moved is not known", [ran("u")], {}, "HEAD"),
        ("5 a base nobody knows", [ran("p")], {"moved": {}}, "HEAD"),
        ("5 files of the change not known", [ran("p")], {"paths": None}, "HEAD"),
        ("5 with a member thrown out", [ran("t")], {}, "HEAD"),
        ("5 what landed is not told", [ran("h")], {"landed_sha": None}, "HEAD"),
        # 6: an earlier commit
        ("6 an earlier commit", [ran("c1")], {}, "STALE"),
        ("6 a preview of an earlier head", [ran("r")], {}, "STALE"),
        ("6 of which head is not told", [ran("p")], {"previews": {"p": Preview("b")}}, "STALE"),
        ("6 a run shown on it", [ran("c1", builds_merge=True)], {}, "STALE"),
        # 7: a later run
        ("7 one other change", [ran("n1", at=AFTER)], {}, "BATCHED(1)"),
        ("7 three other changes", [ran("n3", at=AFTER)], {}, "BATCHED(3)"),
        ("7 no other change is one", [ran("n0", at=AFTER)], {"later": {"n0": 0}}, "BATCHED(1)"),
        ("7 the nearest counts", [ran("n3"), ran("n1")], {}, "BATCHED(1)"),
        ("7 a skipped own run", [ran("m", "skipped"), ran("n1")], {}, "BATCHED(1)"),
        # 8: not run
        *(
            (f"8 {conclusion}", [ran("m", conclusion)], {}, "NOT-RUN")
            for conclusion in ("skipped", "neutral", "cancelled", "action_required", "stale")
        ),
        ("8 no test executed", [ran("m", tests_total=0)], {}, "NOT-RUN"),
        ("8 all skipped", [ran("m", tests_total=4, tests_skipped=4)], {}, "NOT-RUN"),
        ("8 allowed and failed", [ran("m", "failure", allow_failure=True)], {}, "NOT-RUN"),
        ("8 its report has failures", [ran("m", tests_total=4, tests_failed=1)], {}, "NOT-RUN"),
        ("1 some skipped", [ran("m", tests_total=4, tests_skipped=3)], {}, "EXACT"),
        # 9: still running
        ("9 on what landed", [ran("m", "pending")], {}, "LATE"),
        ("9 on the head", [ran("h", "pending")], {}, "LATE"),
        ("9 later success", [ran("m", "success", at=BEFORE, finished_at=AFTER)], {}, "EXACT-AFTER"),
        ("9 later failure", [ran("m", "failure", at=BEFORE, finished_at=AFTER)], {}, "FAILED"),
        # 10: failed
        *(
            (f"10 {conclusion} on {sha}", [ran(sha, conclusion)], {}, "FAILED")
            for conclusion in ("failure", "timed_out")
            for sha in ("m", "p", "q", "h", "c1", "n1")
        ),
        # 11
        ("11 expected, no trace", [], {"expected": frozenset({"unit"})}, "NONE"),
        # 12
        ("12 not understood", [ran("m", "unknown")], {}, "UNKNOWN"),
    ],
)
def test_rows(row: str, checks: list[CheckFact], more: dict[str, Any], expected: str) -> None:
    """B113, B116, B117, B122: What runs is late; skipped, or on another tree, proves less."""
    assert label(*checks, **more) == expected, row


@pytest.mark.parametrize("method", [MergeMethod.MERGE, MergeMethod.SQUASH])
@pytest.mark.parametrize("origin", [Origin.OBSERVED, Origin.SOURCE])
def test_the_merge_of_the_same_two_commits_is_what_landed(
    method: MergeMethod, origin: Origin
) -> None:
    for known in (origin, None):
        one = {"s": Preview("b", "h", known)}
        assert label(ran("s"), previews=one, method=method) == "EXACT"
    assert label(built("b", base_known=origin), method=method) == "EXACT"
    assert label(built("b", base_known=origin, at=AFTER), method=method) == "EXACT-AFTER"


def test_the_same_two_commits_are_not_enough_where_it_may_have_ended_otherwise() -> None:
    squash: dict[str, Any] = {"method": MergeMethod.SQUASH}
    assert label(built("b"), method=MergeMethod.REBASE) == "PREVIEW"
    assert label(built("b"), method=MergeMethod.UNKNOWN) == "PREVIEW"
    assert label(built("b", base_known=Origin.INFERRED), **squash) == "PREVIEW"
    one = {"s": Preview("b", "h", Origin.SOURCE)}
    trees = {"m": "t", "s": "u"}
    assert label(ran("s"), previews=one, trees=trees, **squash) == "PREVIEW"


def test_a_head_whose_tree_is_not_the_one_that_landed_may_have_been_merged_right() -> None:
    """The tree of a run that is shown on the head is the head's, not the merge's."""
    other = {"m": "t", "h": "u"}
    assert label(built("b"), method=MergeMethod.MERGE, trees=other) == "EXACT"


def test_what_a_foreign_commit_shows_is_no_evidence() -> None:
    """A run there may have built the merge of another base."""
    equal = {"m": "tree", "x": "tree"}
    for check in (ran("x"), ran("x", builds_merge=True)):
        assert grades(facts(check, trees=equal)) == ()
    assert grades(facts(ran("x", builds_merge=True), equal=frozenset({"x"}))) == ()
    assert grades(facts(ran("n1", builds_merge=True))) == ()
    assert label(ran("nowhere", "failure"), expected=frozenset({"unit"})) == "NONE"


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        *(("m", one) for one in ("p", "q", "h", "c1", "n1")),
        *(("p", one) for one in ("q", "u", "h", "c1", "r", "n1")),
        *(("q", one) for one in ("u", "h", "c1", "n1")),
        *(("h", one) for one in ("c1", "r", "n1")),
        *(("c1", one) for one in ("n1", "n3")),
        ("n1", "n3"),
    ],
)
def test_no_success_masks_the_failure_on_a_better_match(better: str, worse: str) -> None:
    failed = the(ran(better, "failure", at=EARLY), ran(worse, at=AFTER))
    assert (failed.label, failed.sha) == ("FAILED", better)
    assert label(ran(better, at=EARLY), ran(worse, "failure", at=AFTER)) != "FAILED"


def test_the_failure_on_what_landed_stands_above_an_equal_tree() -> None:
    assert label(ran("m", "failure", at=AFTER), ran("h"), trees=EQUAL) == "FAILED"
    assert label(ran("m", at=AFTER), ran("h", "failure"), trees=EQUAL) == "EXACT-AFTER"


def test_of_equal_trees_the_one_tested_last_decides() -> None:
    trees = {"m": "t", "h": "t", "q": "t"}
    assert label(ran("h", "failure", at=EARLY), ran("q"), trees=trees) == "EXACT"
    assert label(ran("h", at=EARLY), ran("q", "failure"), trees=trees) == "FAILED"


@pytest.mark.parametrize("conclusion", ["skipped", "cancelled", "neutral", "action_required"])
def test_what_did_not_run_hides_no_success_and_no_failure(conclusion: str) -> None:
    """A gate takes a skipped job for a success; here it proves nothing."""
    assert label(ran("m", conclusion), ran("h")) == "HEAD"
    assert label(ran("m", conclusion), ran("h", "failure")) == "FAILED"
    rerun = ran("m", conclusion, at=AFTER, attempt=2)
    assert label(ran("m", "failure"), rerun) == "FAILED"
    assert label(ran("m"), rerun) == "EXACT"


def test_an_allowed_failure_is_no_failure() -> None:
    """B121: It is no success either, and is told."""
    one = the(ran("m", "failure", allow_failure=True), ran("h"))
    assert (one.label, one.marks) == ("HEAD", {Mark.ALLOWED})


@pytest.mark.parametrize(("worse", "expected"), [("q", "HEAD"), ("c1", "HEAD"), ("n3", "HEAD")])
def test_the_highest_grade_that_a_success_earns(worse: str, expected: str) -> None:
    """A preview on a stale base matches better than the head, and says less."""
    assert label(ran(worse, at=AFTER), ran("h")) == expected
    assert label(ran("n1", at=AFTER), ran("h")) == "BATCHED(1)"


def test_what_is_not_understood_hides_what_is_worse() -> None:
    assert label(ran("m", "unknown"), ran("h")) == "UNKNOWN"
    assert label(ran("m", "unknown"), ran("h", "failure")) == "UNKNOWN"
    assert label(ran("m"), ran("h", "unknown")) == "EXACT"
    assert label(ran("m", "unknown", at=EARLY), ran("m")) == "EXACT"


def test_what_still_runs_on_what_landed_is_told() -> None:
    one = the(ran("m", "pending"), ran("h"))
    assert (one.label, one.marks) == ("HEAD", {Mark.PENDING})
    assert label(ran("m", "pending"), ran("h", "failure")) == "FAILED"


# --- attempts ---------------------------------------------------------------------------------


def test_the_newest_attempt_that_ended_counts() -> None:
    """B124: Attempts are told apart, and a later success is flaky."""
    first = ran("m", "failure", at=EARLY)
    second = ran("m", at=BEFORE, attempt=2)
    third = ran("m", "pending", at=AFTER, attempt=3)
    one = the(third, second, first)
    assert (one.label, one.marks) == ("EXACT", {Mark.FLAKY, Mark.PENDING})
    assert label(first, ran("m", "failure", attempt=2)) == "FAILED"
    assert label(ran("m", at=EARLY), ran("m", "failure", at=AFTER, attempt=2)) == "FAILED"


def test_a_rerun_after_the_merge_takes_nothing_from_the_success_before_it() -> None:
    assert label(ran("m", at=EARLY), ran("m", at=AFTER, attempt=2)) == "EXACT"
    one = the(ran("m", "failure", at=EARLY), ran("m", at=AFTER, attempt=2))
    assert (one.label, one.marks) == ("EXACT-AFTER", {Mark.FLAKY})


def test_of_two_attempts_that_nothing_orders_the_failure_counts() -> None:
    pair = [ran("m", at=None), ran("m", "failure", at=None)]
    assert label(*pair) == label(*reversed(pair)) == "FAILED"


@pytest.mark.parametrize(("first", "last"), [("c1", "c2"), ("c2", "c1")])
def test_of_several_earlier_commits_the_one_tested_last_counts(first: str, last: str) -> None:
    assert label(ran(first, "failure", at=EARLY), ran(last)) == "STALE"
    assert label(ran(first, at=EARLY), ran(last, "failure")) == "FAILED"


def test_a_push_run_hides_nothing_of_the_run_that_built_the_merge() -> None:
    """Two runs of one name on one head are no attempts of each other."""
    for base in ("b0", "b1", None):
        assert label(built(base, "failure", at=EARLY), ran("h", at=AFTER)) == "FAILED"
    assert label(built(None, at=EARLY), ran("h", "failure", at=AFTER)) == "HEAD"
    again = built(None, "success", at=AFTER)
    assert label(built(None, "failure", at=EARLY), again) == "HEAD"


# --- trains and queues ------------------------------------------------------------------------


def test_the_failure_of_a_member_that_was_thrown_out_is_not_the_others() -> None:
    assert label(ran("t", "failure"), ran("h")) == "HEAD"
    assert grades(facts(ran("t", "failure"))) == ()
    assert label(ran("t", "failure"), expected=frozenset({"unit"})) == "NONE"
    assert label(ran("t", "failure"), ran("m", at=AFTER)) == "EXACT-AFTER"


def test_a_train_that_was_built_again() -> None:
    trees = {"m": "t", "s": "t"}
    assert label(ran("t", "failure", at=EARLY), ran("s"), trees=trees) == "EXACT"


def test_the_failure_of_a_later_run_is_shared() -> None:
    one = the(ran("n3", "failure", at=AFTER))
    assert (one.label, one.others, one.marks) == ("FAILED", 3, {Mark.SHARED})
    assert the(ran("m", "failure")).marks == frozenset()
    # A fix that landed later does not make it right.
    assert label(ran("n1", "failure", at=AFTER), ran("n3", at=LATE)) == "FAILED"


# --- what was not read ------------------------------------------------------------------------


def test_a_failure_is_none_while_the_better_commit_was_not_read() -> None:
    head = ran("h", "failure", source="check_run")
    unread = {"gaps": frozenset({("m", "check_run")})}
    assert label(head, **unread) == "UNKNOWN"
    assert label(head, gaps=frozenset({("m", "status")})) == "FAILED"
    assert label(head, gaps=frozenset({("h", "check_run")})) == "FAILED"
    assert label(ran("m", "failure", source="check_run"), **unread) == "FAILED"


# --- what is told with the grade --------------------------------------------------------------


@pytest.mark.parametrize(
    ("conclusion", "more", "mark"),
    [
        ("failure", {"allow_failure": True}, Mark.ALLOWED),
        ("success", {"tests_total": 3, "tests_failed": 1}, Mark.ALLOWED),
        ("action_required", {}, Mark.BLOCKED),
        ("success", {"tests_total": 0}, Mark.NO_TESTS),
        ("pending", {}, Mark.PENDING),
    ],
)
def test_marks(conclusion: str, more: dict[str, Any], mark: Mark) -> None:
    """B125: A run that waits for approval is blocked and no success."""
    assert the(ran("m", conclusion, **more)).marks == {mark}


@pytest.mark.parametrize(
    ("more", "depth"),
    [
        ({}, Depth.CHECK),
        ({"tests_total": 3}, Depth.COUNTS),
        ({"tests_total": 3, "coverage": 71.5}, Depth.COVERAGE),
        ({"coverage": 0.0}, Depth.COVERAGE),
    ],
)
def test_depth_and_proof(more: dict[str, Any], depth: Depth) -> None:
    one = the(ran("m", url="https://ci.example.net/1", **more), ran("h", url="x", tests_total=9))
    assert (one.depth, one.sha, one.url) == (depth, "m", "https://ci.example.net/1")
    assert the(ran("m", "skipped")).depth is None


def test_the_proof_is_the_result_that_earned_the_grade() -> None:
    one = the(ran("q", url="q"), ran("h", url="h"))
    assert (one.sha, one.url) == ("h", "h")
    assert the(ran("m", Conclusion.FAILURE.value, url="m"), ran("h", url="h")).url == "m"
