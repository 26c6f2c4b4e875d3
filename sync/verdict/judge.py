"""Was what landed tested? A pure judgement over frozen facts.

The commit that counts is the one that landed. A check's result there stands above all others;
then comes a preview of the merge, then the head of the change, then its earlier commits. The
weakest expected check decides. What could not be read leads to `unknown`, never to an accusation
and never to a claim that something was tested.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from mappings.vocabulary import Conclusion
from sync.verdict.names import Grade, Mark, Verdict

#: Conclusions that say that tests ran and how they ended.
_FAILED = (Conclusion.FAILURE, Conclusion.TIMED_OUT)


@dataclass(frozen=True, slots=True)
class CheckFact:
    """One attempt of one test check on one commit; instants in UTC."""

    #: what tells it from other checks: its name, with its workflow or stage where told.
    name: str
    sha: str
    conclusion: Conclusion
    #: orders attempts on one commit, with the instants.
    attempt: int = 1
    allow_failure: bool = False
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    tests_total: int | None = None
    tests_failed: int | None = None
    tests_skipped: int | None = None
    #: makes the order of two attempts without instants a fixed one.
    source_id: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """A merge that CI built before there was one; what is not known is None."""

    base_sha: str | None = None
    head_sha: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """What is known of a change that landed, and of the tests on its commits."""

    landed_sha: str | None
    head_sha: str | None
    merged_at: datetime | None
    #: base tip that it landed on; None: not known.
    base_sha: str | None = None
    #: git tree by commit, where the vendor gives it.
    trees: Mapping[str, str] = field(default_factory=dict)
    #: earlier commits of the change.
    commits: frozenset[str] = frozenset()
    #: merges that CI built, by their commit.
    previews: Mapping[str, Preview] = field(default_factory=dict)
    #: results of checks that count as tests, on any of these commits.
    checks: tuple[CheckFact, ...] = ()
    #: names that are expected on every change here.
    expected: frozenset[str] = frozenset()
    #: why results may be missing; empty: all were read that there are.
    unread: tuple[str, ...] = ()
    #: None: not known. False: this repository has no test check at all.
    has_tests: bool | None = None
    #: whether tests are known to run on the changes around this one.
    tests_run_here: bool = False
    #: name of the rule that exempts it, if one does.
    exempt: str | None = None


@dataclass(frozen=True, slots=True)
class CheckVerdict:
    """The grade of one check."""

    name: str
    grade: Grade
    #: commit of the result that decided.
    sha: str | None = None
    marks: frozenset[Mark] = frozenset()


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, and what it rests on."""

    verdict: Verdict
    checks: tuple[CheckVerdict, ...] = ()
    #: why it is not known, or which rule exempts it.
    reasons: tuple[str, ...] = ()


class _Place(IntEnum):
    """How close a commit is to what landed; the closest is the smallest."""

    LANDED = 0
    EQUAL_TREE = 1
    PREVIEW = 2
    PREVIEW_STALE = 3
    HEAD = 4
    EARLIER = 5


_BY_PLACE = {
    _Place.PREVIEW: Grade.PREVIEW,
    _Place.PREVIEW_STALE: Grade.PREVIEW_STALE,
    _Place.HEAD: Grade.HEAD,
    _Place.EARLIER: Grade.STALE,
}


def judge(facts: ChangeFacts) -> Judgement:
    """The verdict of a change that landed."""
    checks = grades(facts)
    held = [one.grade for one in checks]
    if Grade.FAILED in held:
        return Judgement(Verdict.MERGED_RED, checks)
    if facts.exempt is not None:
        return Judgement(Verdict.EXEMPT, checks, (facts.exempt,))
    unknown = _unknown(facts, checks)
    if unknown:
        return Judgement(Verdict.UNKNOWN, checks, unknown)
    if not held:
        return Judgement(Verdict.NO_CI if facts.has_tests is False else Verdict.NOT_TESTED)
    if not any(one.is_success for one in held):
        return Judgement(Verdict.NOT_TESTED, checks)
    if not all(one.is_success for one in held):
        return Judgement(Verdict.PARTIAL, checks)
    return Judgement(_said(min(held, key=lambda one: one.rank)), checks)


def _unknown(facts: ChangeFacts, checks: Sequence[CheckVerdict]) -> tuple[str, ...]:
    """Why no verdict can be given; empty: one can."""
    if facts.unread:
        return facts.unread
    pending = [one.name for one in checks if one.grade is Grade.UNKNOWN]
    if pending:
        return tuple(f"{name} has not ended, or how it ended is not understood" for name in pending)
    if checks:
        return ()
    if facts.has_tests is None:
        return ("which checks are tests here is not known yet",)
    if facts.has_tests and not facts.tests_run_here:
        return ("no test is known to have run on the changes around it",)
    return ()


def _said(weakest: Grade) -> Verdict:
    if weakest is Grade.EXACT:
        return Verdict.TESTED
    if weakest is Grade.EXACT_AFTER:
        return Verdict.TESTED_AFTER
    if weakest in (Grade.PREVIEW, Grade.HEAD):
        return Verdict.TESTED_AT_HEAD
    return Verdict.STALE


def grades(facts: ChangeFacts) -> tuple[CheckVerdict, ...]:
    """The grade of each check that ran or is expected, by name."""
    results: dict[str, list[CheckFact]] = {}
    for one in facts.checks:
        results.setdefault(one.name, []).append(one)
    found = [_grade(facts, name, results[name]) for name in sorted(results)]
    seen = {_bare(name) for name in results}
    missing = [name for name in facts.expected if _bare(name) not in seen]
    found += [CheckVerdict(name, Grade.NONE) for name in missing]
    return tuple(sorted(found, key=lambda one: one.name))


def _bare(name: str) -> str:
    """Without matrix and workflow: `test (3.11) [CI]` stands for `test (3.10)` of before."""
    return name.partition("(")[0].partition(" [")[0].strip() or name


def _grade(facts: ChangeFacts, name: str, results: Sequence[CheckFact]) -> CheckVerdict:
    by_commit: dict[tuple[_Place, str], list[CheckFact]] = {}
    for one in results:
        place = place_of(facts, one.sha)
        if place is not None:
            by_commit.setdefault((place, one.sha), []).append(one)
    marks: set[Mark] = set()
    grade, decided_by = Grade.NOT_RUN, None
    # Of several commits that are as close, the one that was tested last says more.
    newest = sorted(by_commit.items(), key=lambda pair: max(map(_when, pair[1])), reverse=True)
    for (place, sha), attempts in sorted(newest, key=lambda pair: pair[0][0]):
        last, own = _last_finished(attempts)
        marks |= own
        if last is None:
            # It may end either way; a success elsewhere still is one.
            grade = Grade.UNKNOWN
            continue
        outcome, why = _outcome(last)
        marks |= why
        if last.conclusion is Conclusion.UNKNOWN:
            grade, decided_by = Grade.UNKNOWN, sha
            break
        if outcome is not None:
            grade = _success(facts, place, last) if outcome else Grade.FAILED
            decided_by = sha
            break
    return CheckVerdict(name, grade, decided_by, frozenset(marks))


def place_of(facts: ChangeFacts, sha: str) -> _Place | None:
    """How close a commit is to what landed; None: it has nothing to do with the change."""
    if sha == facts.landed_sha:
        return _Place.LANDED
    landed = facts.trees.get(facts.landed_sha) if facts.landed_sha is not None else None
    mine = sha in facts.previews or sha == facts.head_sha or sha in facts.commits
    if not mine:
        return None
    if landed is not None and facts.trees.get(sha) == landed:
        return _Place.EQUAL_TREE
    if sha in facts.previews:
        return _preview(facts, facts.previews[sha])
    return _Place.HEAD if sha == facts.head_sha else _Place.EARLIER


def _preview(facts: ChangeFacts, one: Preview) -> _Place:
    if one.head_sha is not None and facts.head_sha is not None and one.head_sha != facts.head_sha:
        return _Place.EARLIER
    same_base = one.base_sha is not None and one.base_sha == facts.base_sha
    same_head = one.head_sha is not None and one.head_sha == facts.head_sha
    return _Place.PREVIEW if same_base and same_head else _Place.PREVIEW_STALE


def _last_finished(attempts: Sequence[CheckFact]) -> tuple[CheckFact | None, set[Mark]]:
    """The newest attempt that ended, and what the others say."""
    marks: set[Mark] = set()
    if any(one.conclusion is Conclusion.PENDING for one in attempts):
        marks.add(Mark.PENDING)
    ended = sorted((one for one in attempts if one.conclusion is not Conclusion.PENDING), key=_when)
    if not ended:
        return None, marks
    last = ended[-1]
    if last.conclusion is Conclusion.SUCCESS and any(
        one.conclusion in _FAILED and not one.allow_failure for one in ended
    ):
        marks.add(Mark.FLAKY)
    return last, marks


def _when(one: CheckFact) -> tuple[bool, str, int, bool, str]:
    """Orders attempts: by start, then number; a failure wins where nothing tells them apart."""
    at = one.started_at or one.created_at
    return (
        at is not None,
        at.isoformat() if at is not None else "",
        one.attempt,
        one.conclusion in _FAILED,
        one.source_id,
    )


def _outcome(one: CheckFact) -> tuple[bool | None, set[Mark]]:
    """Whether tests passed (None: it does not say), and what else is to be said."""
    if one.conclusion in _FAILED:
        return (None, {Mark.ALLOWED}) if one.allow_failure else (False, set())
    if one.conclusion is Conclusion.ACTION_REQUIRED:
        return None, {Mark.BLOCKED}
    if one.conclusion is not Conclusion.SUCCESS:
        return None, set()
    if one.tests_failed:
        return None, {Mark.ALLOWED}
    if one.tests_total is not None and one.tests_total <= (one.tests_skipped or 0):
        return None, {Mark.NO_TESTS}
    return True, set()


def _success(facts: ChangeFacts, place: _Place, one: CheckFact) -> Grade:
    if place not in (_Place.LANDED, _Place.EQUAL_TREE):
        return _BY_PLACE[place]
    merged, ended = facts.merged_at, one.finished_at
    # Where an instant is missing it is not said that merging waited for it.
    if merged is None or ended is None or ended > merged:
        return Grade.EXACT_AFTER
    return Grade.EXACT


def expected_names(around: Sequence[Collection[str]], *, share: float = 0.8) -> frozenset[str]:
    """Names of tests that ran on most of the changes around one; of fewer than five none."""
    if len(around) < 5:
        return frozenset()
    counts: dict[str, int] = {}
    for names in around:
        for name in set(names):
            counts[name] = counts.get(name, 0) + 1
    return frozenset(name for name, number in counts.items() if number >= share * len(around))


def run_here(around: Sequence[Collection[str]], *, least: int = 3) -> bool:
    """Whether tests ran on enough of the changes around one for their absence to mean something."""
    return sum(1 for names in around if names) >= least
