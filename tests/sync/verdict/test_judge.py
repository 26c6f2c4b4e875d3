"""What may never be said, whatever the facts are and however they arrive."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import assume, given
from hypothesis import strategies as st
from support.ladder import CHANGE, MERGED

from mappings.vocabulary import Conclusion, MergeMethod, Origin
from sync.verdict.change_facts import ChangeFacts, CheckFact, DiffCoverage, Exemption
from sync.verdict.grade import FAILURES
from sync.verdict.judge import grades, judge
from sync.verdict.names import Grade, Verdict

SHAS = ("m", "h", "p", "q", "u", "s", "t", "r", "c1", "c2", "n1", "n3", "x")
NAMES = ("unit", "e2e", "unit (2)")
INSTANTS = st.one_of(
    st.none(), st.integers(-50, 50).map(lambda minutes: MERGED + timedelta(minutes=minutes))
)
CHECKS = st.builds(
    CheckFact,
    name=st.sampled_from(NAMES),
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
    builds_merge=st.sampled_from([None, True, False]),
    merged_base=st.sampled_from([None, "b", "b0", "b1", "b3", "thrown"]),
    base_known=st.sampled_from([None, *Origin]),
    source=st.sampled_from([None, "check_run", "job"]),
)
SOME = st.frozensets(st.sampled_from(NAMES))
WORLDS = st.builds(
    lambda checks, has, **more: replace(
        CHANGE, checks=tuple(checks), has_tests=has or bool(more["expected"] or checks), **more
    ),
    st.lists(CHECKS, max_size=6),
    has=st.booleans(),
    trees=st.dictionaries(st.sampled_from(SHAS), st.sampled_from(["t1", "t2"]), max_size=5),
    equal=st.frozensets(st.sampled_from(["h", "x", "c1"]), max_size=1),
    expected=SOME,
    not_expected=SOME,
    retired=SOME,
    required=st.one_of(st.none(), SOME),
    tests_run_here=st.booleans(),
    method=st.sampled_from(list(MergeMethod)),
    gaps=st.sampled_from([frozenset(), frozenset({("m", "job")})]),
    coverage=st.sampled_from([None, DiffCoverage(1, 40)]),
    exempt=st.sampled_from([None, None, Exemption("docs", "documentation only")]),
)
#: A change with one check only, in which no set of checks changes: grades can be compared.
ONE_CHECK = WORLDS.map(
    lambda world: replace(
        world,
        checks=tuple(replace(one, name="unit") for one in world.checks),
        expected=frozenset({"unit"}),
        not_expected=frozenset(),
        retired=frozenset(),
        gaps=frozenset(),
    )
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
ACCUSES = (Verdict.NOT_TESTED, Verdict.NO_CI, Verdict.PARTIAL, Verdict.STALE)


def with_(world: ChangeFacts, check: CheckFact) -> ChangeFacts:
    return replace(world, checks=(*world.checks, check), has_tests=True)


def passing(check: CheckFact) -> CheckFact:
    return replace(
        check, conclusion=Conclusion.SUCCESS, tests_failed=None, tests_total=3, tests_skipped=0
    )


def failing(check: CheckFact) -> CheckFact:
    return replace(check, conclusion=Conclusion.FAILURE, allow_failure=False)


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


def only(world: ChangeFacts) -> Grade:
    (one,) = grades(world)
    return one.grade


@given(ONE_CHECK, CHECKS)
def test_a_success_more_never_lowers_a_grade(world: ChangeFacts, extra: CheckFact) -> None:
    """Also where it is another attempt, an older one, or on a commit that matches better or worse.

    A failure may be found to be the shared one, or on what landed: that is no success more.
    """
    before, after = only(world), only(with_(world, passing(replace(extra, name="unit"))))
    if before.is_ordered and after.is_ordered:
        assert after.rank >= before.rank
    else:
        assert before is not Grade.EXACT or after is Grade.EXACT


@given(ONE_CHECK, CHECKS)
def test_a_failure_more_never_raises_a_grade(world: ChangeFacts, extra: CheckFact) -> None:
    before, after = only(world), only(with_(world, failing(replace(extra, name="unit"))))
    if before.is_ordered and after.is_ordered:
        assert after.rank <= before.rank
    elif before.is_ordered:
        assert not after.is_success


@given(WORLDS, CHECKS)
def test_a_failure_more_never_makes_it_better(world: ChangeFacts, extra: CheckFact) -> None:
    world = replace(world, exempt=None, gaps=frozenset(), not_expected=frozenset())
    world = replace(world, retired=frozenset())
    before, after = judge(world).verdict, judge(with_(world, failing(extra))).verdict
    if before is Verdict.UNKNOWN:
        assert not after.says_tested or judge(world).checks
    elif after is not Verdict.UNKNOWN:
        assert ORDER.index(after) >= ORDER.index(before)


@given(WORLDS, st.sampled_from(NAMES), CHECKS)
def test_the_last_failure_on_what_landed_is_never_masked(
    world: ChangeFacts, name: str, extra: CheckFact
) -> None:
    """Whatever else passed, wherever: only a later attempt on it says otherwise."""
    last = MERGED + timedelta(hours=9)
    failed = replace(
        failing(extra), name=name, sha="m", started_at=last, finished_at=last, attempt=9
    )
    judgement = judge(with_(world, failed))
    assert judgement.verdict is Verdict.MERGED_RED
    assert [one.grade for one in judgement.checks if one.name == name] == [Grade.FAILED]


@given(ONE_CHECK)
def test_a_failed_grade_has_no_success_on_a_better_match(world: ChangeFacts) -> None:
    (one,) = grades(world)
    if one.grade is not Grade.FAILED:
        return
    for other in world.checks:
        if other.sha == one.sha or other.conclusion in FAILURES:
            continue
        alone = replace(world, checks=(passing(other),))
        (better,) = grades(alone)
        success = passing(other) == replace(other, tests_total=3, tests_skipped=0)
        if success and better.level is not None and one.level is not None:
            assert better.level >= one.level or other.tests_failed or not _passed(other)


def _passed(one: CheckFact) -> bool:
    return (
        one.conclusion is Conclusion.SUCCESS
        and not one.tests_failed
        and (one.tests_total is None or one.tests_total > (one.tests_skipped or 0))
    )


@given(WORLDS, st.permutations(range(6)))
def test_the_order_in_which_facts_arrive_changes_nothing(
    world: ChangeFacts, order: list[int]
) -> None:
    shuffled = tuple(world.checks[i] for i in order if i < len(world.checks))
    ids = [(one.name, one.sha, one.source_id, one.attempt) for one in shuffled]
    assume(len(set(ids)) == len(ids))
    assert judge(replace(world, checks=shuffled)) == judge(world)


@given(WORLDS, st.lists(CHECKS, max_size=4), st.randoms(use_true_random=False))
def test_what_arrives_piece_by_piece_ends_in_the_same_verdict(
    world: ChangeFacts, more: list[CheckFact], random: object
) -> None:
    checks = [*world.checks, *more]
    ids = [(one.name, one.sha, one.source_id, one.attempt) for one in checks]
    assume(len(set(ids)) == len(ids))
    at_once = judge(replace(world, checks=tuple(checks)))
    random.shuffle(checks)  # type: ignore[attr-defined] # of random.Random
    arriving = replace(world, checks=())
    for one in checks:
        arriving = replace(arriving, checks=(*arriving.checks, one))
        judge(arriving)
    assert judge(arriving) == at_once


@given(WORLDS)
def test_an_empty_set_is_no_pass(world: ChangeFacts) -> None:
    """Nothing that passed, nothing that is called tested: with checks left out or without any."""
    nothing = tuple(one for one in world.checks if not _passed(one))
    for checks in ((), nothing):
        verdict = judge(replace(world, checks=checks)).verdict
        assert not verdict.says_tested
        assert verdict not in (Verdict.STALE, Verdict.PARTIAL)


@given(WORLDS, st.integers(0, 5))
def test_what_becomes_unreadable_never_makes_it_tested(world: ChangeFacts, number: int) -> None:
    kept = tuple(one for i, one in enumerate(world.checks) if i != number)
    lost = judge(replace(world, checks=kept, unread=("403",))).verdict
    assert lost in (Verdict.UNKNOWN, Verdict.MERGED_RED, Verdict.EXEMPT)


@given(WORLDS)
def test_unknown_never_becomes_an_accusation(world: ChangeFacts) -> None:
    assert judge(replace(world, unread=("403",))).verdict not in ACCUSES
    nobody = replace(world, checks=(), expected=frozenset(), has_tests=None)
    assert judge(nobody).verdict in (Verdict.UNKNOWN, Verdict.EXEMPT)
    judgement = judge(world)
    if any(not one.grade.is_ordered for one in judgement.checks):
        assert judgement.verdict in (Verdict.UNKNOWN, Verdict.MERGED_RED, Verdict.EXEMPT)


@given(ONE_CHECK, st.sampled_from([Conclusion.UNKNOWN, Conclusion.PENDING]))
def test_a_result_that_nobody_understands_accuses_nobody(
    world: ChangeFacts, conclusion: Conclusion
) -> None:
    alone = CheckFact("unit", "m", conclusion, source_id="1")
    assert judge(replace(world, checks=(alone,), exempt=None)).verdict is Verdict.UNKNOWN


@given(WORLDS.map(mostly_passing))
def test_tested_needs_a_success_that_counts(world: ChangeFacts) -> None:
    """Every check of it passed, executed something, and what is said fits where it ran."""
    judgement = judge(world)
    if not judgement.verdict.says_tested:
        return
    passed = {(one.name, one.sha) for one in world.checks if _passed(one)}
    assert judgement.checks
    for one in judgement.checks:
        assert (one.name, one.sha) in passed
        if judgement.verdict is Verdict.TESTED:
            assert one.grade is Grade.EXACT
        if judgement.verdict is Verdict.TESTED_AFTER:
            assert one.grade in (Grade.EXACT, Grade.EXACT_AFTER, Grade.BATCHED_ONE)


@given(WORLDS)
def test_what_is_told_beside_it_changes_no_verdict(world: ChangeFacts) -> None:
    other = replace(world, reviews=(), author_id="ana", required=world.required)
    assert judge(other).verdict is judge(world).verdict
    weakest = judge(world).weakest
    assert (weakest is None) == (not judge(world).checks)
