"""Was what landed tested: each row of the table, and what may never be said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mappings.vocabulary import Conclusion
from sync.verdict.change_facts import ChangeFacts, CheckFact, Exemption, Preview
from sync.verdict.expected import expected_names, run_here
from sync.verdict.judge import judge
from sync.verdict.names import Grade, Mark, Verdict

MERGED = datetime(2026, 3, 10, 12, tzinfo=UTC)
BEFORE, AFTER = MERGED - timedelta(minutes=30), MERGED + timedelta(minutes=30)

CHANGE = ChangeFacts(
    landed_sha="m",
    head_sha="h",
    merged_at=MERGED,
    base_sha="b",
    commits=frozenset({"c1", "c2"}),
    previews={"p": Preview("b", "h"), "q": Preview("b0", "h"), "r": Preview("b", "c2")},
    has_tests=True,
    tests_run_here=True,
)


def ran(
    sha: str = "m",
    conclusion: str = "success",
    name: str = "unit",
    at: datetime = BEFORE,
    **more: object,
) -> CheckFact:
    fact = CheckFact(name, sha, Conclusion(conclusion), started_at=at, finished_at=at)
    return replace(fact, **more)  # type: ignore[arg-type]


def facts(*checks: CheckFact, **more: object) -> ChangeFacts:
    return replace(CHANGE, checks=checks, **more)  # type: ignore[arg-type]


def verdict(*checks: CheckFact, **more: object) -> str:
    return judge(facts(*checks, **more)).verdict.value


def grade(*checks: CheckFact, **more: object) -> str:
    (one,) = judge(facts(*checks, **more)).checks
    return one.grade.value


EQUAL = {"m": "tree", "h": "tree"}


@pytest.mark.parametrize(
    ("check", "trees", "expected_grade", "expected"),
    [
        (ran("m"), {}, "exact", "tested"),
        (ran("h"), EQUAL, "exact", "tested"),
        (ran("q"), {"m": "tree", "q": "tree"}, "exact", "tested"),
        (ran("m", at=AFTER), {}, "exact_after", "tested_after"),
        (ran("h", at=AFTER), EQUAL, "exact_after", "tested_after"),
        (ran("p"), {}, "preview", "tested_at_head"),
        (ran("q"), {}, "head", "tested_at_head"),
        (ran("r"), {}, "stale", "stale"),
        (ran("h"), {}, "head", "tested_at_head"),
        (ran("h"), {"m": "tree", "h": "other"}, "head", "tested_at_head"),
        (ran("h"), {"m": "tree"}, "head", "tested_at_head"),
        (ran("c1"), {}, "stale", "stale"),
        (ran("m", "skipped"), {}, "not_run", "not_tested"),
        (ran("m", "neutral"), {}, "not_run", "not_tested"),
        (ran("m", "cancelled"), {}, "not_run", "not_tested"),
        (ran("m", "stale"), {}, "not_run", "not_tested"),
        (ran("m", "action_required"), {}, "not_run", "not_tested"),
        (ran("m", tests_total=0), {}, "not_run", "not_tested"),
        (ran("m", tests_total=4, tests_skipped=4), {}, "not_run", "not_tested"),
        (ran("m", tests_total=4, tests_failed=1), {}, "not_run", "not_tested"),
        (ran("m", "failure", allow_failure=True), {}, "not_run", "not_tested"),
        (ran("m", "pending"), {}, "late", "unknown"),
        (ran("m", "unknown"), {}, "unknown", "unknown"),
        (ran("m", "failure"), {}, "failed", "merged_red"),
        (ran("m", "timed_out"), {}, "failed", "merged_red"),
        (ran("h", "failure"), {}, "failed", "merged_red"),
        (ran("m", tests_total=4, tests_skipped=3), {}, "exact", "tested"),
    ],
)
def test_one_check(
    check: CheckFact, trees: dict[str, str], expected_grade: str, expected: str
) -> None:
    """B113, B117, B122: What runs is pending; skipped, or on another tree, proves less."""
    assert grade(check, trees=trees) == expected_grade
    assert verdict(check, trees=trees) == expected


def test_the_moment_of_the_merge_counts_as_before_it() -> None:
    assert grade(ran("m", at=MERGED)) == "exact"
    assert grade(ran("m", finished_at=None)) == "exact_after"


def test_an_equal_tree_of_a_foreign_commit_is_no_evidence() -> None:
    """A run on a commit that has nothing to do with the change may have had another base."""
    assert verdict(ran("x"), trees={"m": "tree", "x": "tree"}) == "not_tested"


def test_a_preview_whose_parents_are_not_known_may_be_of_another_base() -> None:
    assert grade(ran("p"), previews={"p": Preview()}) == "stale"
    assert grade(ran("p"), base_sha=None) == "head"


@pytest.mark.parametrize(
    ("better", "worse"), [("m", "p"), ("m", "h"), ("p", "h"), ("q", "h"), ("h", "c1"), ("m", "c1")]
)
def test_no_success_masks_the_failure_on_a_closer_commit(better: str, worse: str) -> None:
    assert verdict(ran(better, "failure"), ran(worse)) == "merged_red"
    assert verdict(ran(better), ran(worse, "failure")) != "merged_red"


def test_a_result_on_what_landed_stands_above_an_equal_tree() -> None:
    assert verdict(ran("m", "failure", at=AFTER), ran("h"), trees=EQUAL) == "merged_red"


@pytest.mark.parametrize("conclusion", ["skipped", "cancelled", "neutral", "action_required"])
def test_what_did_not_run_on_what_landed_hides_no_success_on_the_head(conclusion: str) -> None:
    assert grade(ran("m", conclusion), ran("h")) == "head"


def test_what_is_not_understood_on_what_landed_hides_it() -> None:
    assert verdict(ran("m", "unknown"), ran("h")) == "unknown"


def test_what_still_runs_on_what_landed_is_told() -> None:
    (one,) = judge(facts(ran("m", "pending"), ran("h"))).checks
    assert (one.grade, one.marks) == (Grade.HEAD, {Mark.PENDING})


def test_the_newest_attempt_that_ended_counts() -> None:
    """B124: Attempts are told apart, and a later success is flaky."""
    first = ran("m", "failure", at=BEFORE)
    second = ran("m", "success", at=BEFORE + timedelta(minutes=5), attempt=2)
    third = ran("m", "pending", at=BEFORE + timedelta(minutes=9), attempt=3)
    (one,) = judge(facts(third, second, first)).checks
    assert (one.grade, one.marks) == (Grade.EXACT, {Mark.FLAKY, Mark.PENDING})
    assert verdict(first, replace(second, conclusion=Conclusion.FAILURE)) == "merged_red"
    assert verdict(replace(second, attempt=1), replace(first, started_at=AFTER)) == "merged_red"


def test_of_two_attempts_that_nothing_orders_the_failure_counts() -> None:
    pair = [ran("m", "success", started_at=None), ran("m", "failure", started_at=None)]
    assert verdict(*pair) == verdict(*reversed(pair)) == "merged_red"


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
def test_marks(conclusion: str, more: dict[str, object], mark: Mark) -> None:
    """B125: A run that waits for approval is blocked and no success."""
    (one,) = judge(facts(ran("m", conclusion, **more))).checks
    assert one.marks == {mark}


@pytest.mark.parametrize(("first", "last"), [("c1", "c2"), ("c2", "c1")])
def test_of_several_earlier_commits_the_one_tested_last_counts(first: str, last: str) -> None:
    early = BEFORE - timedelta(hours=1)
    assert grade(ran(first, "failure", at=early), ran(last)) == "stale"
    assert grade(ran(first, at=early), ran(last, "failure")) == "failed"


def test_the_weakest_check_decides() -> None:
    exact, head, stale = ran("m"), ran("h", name="e2e"), ran("c1", name="old")
    assert verdict(exact, head) == "tested_at_head"
    assert verdict(exact, head, stale) == "stale"
    assert verdict(exact, ran("m", name="late", at=AFTER)) == "tested_after"
    assert verdict(exact, ran("m", "skipped", name="e2e")) == "partial"
    assert verdict(exact, ran("m", "failure", name="e2e")) == "merged_red"
    assert verdict(exact, ran("m", "pending", name="e2e")) == "unknown"
    assert verdict(ran("m", "pending"), ran("m", "failure", name="e2e")) == "merged_red"


def test_an_expected_check_that_left_no_trace_is_missed() -> None:
    assert verdict(ran("m"), expected=frozenset({"unit", "e2e"})) == "partial"
    assert verdict(expected=frozenset({"unit"})) == "not_tested"


def test_another_value_of_a_matrix_stands_for_the_expected_one() -> None:
    assert verdict(ran("m", name="unit (3.12)"), expected=frozenset({"unit (3.11)"})) == "tested"


def test_scanners_alone_test_nothing() -> None:
    """B115: A change with conflicts starts no workflow of its own: only scanners ran."""
    assert verdict() == "not_tested"


def test_nothing_at_all() -> None:
    assert verdict(has_tests=False) == "no_ci"
    assert verdict(has_tests=None) == "unknown"
    assert verdict(tests_run_here=False) == "unknown"


def test_what_could_not_be_read_is_neither_tested_nor_untested() -> None:
    lost = ("commit statuses cannot be read: 403",)
    assert judge(facts(unread=lost)).reasons == lost
    for checks in ((), (ran("m"),), (ran("m", "skipped"),)):
        assert verdict(*checks, unread=lost) == "unknown"
    assert verdict(ran("m", "failure"), unread=lost) == "merged_red"


def test_an_exemption_is_told_by_name_and_hides_no_failure() -> None:
    rule = Exemption("docs-only", "documentation only")
    one = judge(facts(exempt=rule))
    assert (one.verdict, one.reasons) == (Verdict.EXEMPT, ("documentation only",))
    assert verdict(ran("m", "failure"), exempt=rule) == "merged_red"


def test_without_the_landed_commit_the_head_is_all_there_is() -> None:
    assert verdict(ran("h"), landed_sha=None) == "tested_at_head"


def test_names_that_are_expected() -> None:
    always = [{"unit", "e2e"}] * 4
    assert expected_names(always) == frozenset()
    assert expected_names([*always, {"unit"}]) == {"unit", "e2e"}
    assert expected_names([*always, {"unit"}, {"unit"}]) == {"unit"}


def test_three_changes_with_tests_show_that_tests_run_here() -> None:
    assert run_here([{"unit"}, {"unit"}, set(), {"e2e"}])
    assert not run_here([{"unit"}, {"unit"}, set()])


# --- properties -------------------------------------------------------------------------------

SHAS = ("m", "h", "p", "q", "r", "c1", "c2", "x")
INSTANTS = st.one_of(
    st.none(), st.integers(-50, 50).map(lambda minutes: MERGED + timedelta(minutes=minutes))
)
CHECKS = st.builds(
    CheckFact,
    name=st.sampled_from(["unit", "e2e", "unit (2)"]),
    sha=st.sampled_from(SHAS),
    conclusion=st.sampled_from(list(Conclusion)),
    attempt=st.integers(1, 3),
    allow_failure=st.booleans(),
    started_at=INSTANTS,
    finished_at=INSTANTS,
    tests_total=st.one_of(st.none(), st.integers(0, 3)),
    tests_failed=st.one_of(st.none(), st.integers(0, 2)),
    tests_skipped=st.one_of(st.none(), st.integers(0, 3)),
    source_id=st.text("0123", min_size=1, max_size=3),
)
WORLDS = st.builds(
    lambda checks, trees, expected, has, here: replace(
        CHANGE,
        checks=tuple(checks),
        trees=trees,
        expected=expected,
        has_tests=has or bool(expected or checks),
        tests_run_here=here,
    ),
    st.lists(CHECKS, max_size=6),
    st.dictionaries(st.sampled_from(SHAS), st.sampled_from(["t1", "t2"]), max_size=5),
    st.frozensets(st.sampled_from(["unit", "e2e"])),
    st.booleans(),
    st.booleans(),
)
#: From the best that can be said to the worst; unknown stands apart.
ORDER = [
    Verdict.TESTED,
    Verdict.TESTED_AFTER,
    Verdict.TESTED_AT_HEAD,
    Verdict.STALE,
    Verdict.PARTIAL,
    Verdict.NO_CI,
    Verdict.NOT_TESTED,
    Verdict.MERGED_RED,
]


@given(WORLDS, CHECKS)
def test_a_failure_more_never_makes_it_better(world: ChangeFacts, extra: CheckFact) -> None:
    failing = replace(extra, conclusion=Conclusion.FAILURE, allow_failure=False)
    before, after = judge(world).verdict, judge(with_(world, failing)).verdict
    if before is Verdict.UNKNOWN:
        assert not after.says_tested
    elif after is not Verdict.UNKNOWN:
        assert ORDER.index(after) >= ORDER.index(before)


@given(WORLDS, st.integers(0, 5))
def test_what_becomes_unreadable_never_makes_it_tested(world: ChangeFacts, number: int) -> None:
    kept = tuple(one for i, one in enumerate(world.checks) if i != number)
    lost = judge(replace(world, checks=kept, unread=("403",))).verdict
    assert lost in (Verdict.UNKNOWN, Verdict.MERGED_RED)


@given(WORLDS)
def test_unknown_never_becomes_untested(world: ChangeFacts) -> None:
    assert judge(replace(world, unread=("403",))).verdict is not Verdict.NOT_TESTED
    assert judge(replace(world, checks=(), expected=frozenset(), has_tests=None)).verdict is (
        Verdict.UNKNOWN
    )


@given(WORLDS.map(lambda world: mostly_passing(world)))
def test_tested_needs_a_success_that_counts(world: ChangeFacts) -> None:
    """Every expected check passed, executed something, and what is said fits where it ran."""
    judgement = judge(world)
    if not judgement.verdict.says_tested:
        return
    passed = {
        (one.name, one.sha)
        for one in world.checks
        if one.conclusion is Conclusion.SUCCESS
        and not one.tests_failed
        and (one.tests_total is None or one.tests_total > (one.tests_skipped or 0))
    }
    assert judgement.checks
    landed = world.trees.get("m")
    for one in judgement.checks:
        assert (one.name, one.sha) in passed
        if judgement.verdict in (Verdict.TESTED, Verdict.TESTED_AFTER):
            assert one.sha is not None
            equal = landed is not None and world.trees.get(one.sha) == landed
            assert one.sha == "m" or equal


@given(WORLDS, st.permutations(range(6)))
def test_the_order_of_facts_changes_nothing(world: ChangeFacts, order: list[int]) -> None:
    shuffled = tuple(world.checks[i] for i in order if i < len(world.checks))
    ids = [(one.name, one.sha, one.source_id) for one in shuffled]
    assume(len(set(ids)) == len(ids))
    assert judge(replace(world, checks=shuffled)) == judge(world)


def mostly_passing(world: ChangeFacts) -> ChangeFacts:
    """The same with most results turned into success."""
    turned = (Conclusion.FAILURE, Conclusion.UNKNOWN, Conclusion.PENDING, Conclusion.STALE)
    return replace(
        world,
        checks=tuple(
            replace(one, conclusion=Conclusion.SUCCESS) if one.conclusion in turned else one
            for one in world.checks
        ),
    )


def with_(world: ChangeFacts, check: CheckFact) -> ChangeFacts:
    return replace(world, checks=(*world.checks, check), has_tests=True)
