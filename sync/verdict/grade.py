"""The grade of one check: its result on the commit that matches best what landed; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mappings.vocabulary import Conclusion
from sync.verdict.change_facts import ChangeFacts, CheckFact
from sync.verdict.names import Depth, Grade, Mark
from sync.verdict.place import Level, Place, place_of

#: Conclusions that say that tests ran and how they ended.
FAILURES = (Conclusion.FAILURE, Conclusion.TIMED_OUT)
_NEVER = datetime.min.replace(tzinfo=UTC)
#: A result and where it stands.
Placed = tuple[Place, CheckFact]


@dataclass(frozen=True, slots=True)
class CheckVerdict:
    """The grade of one check."""

    name: str
    grade: Grade
    #: commit of the result that decided; None: none did.
    sha: str | None = None
    marks: frozenset[Mark] = frozenset()
    #: what tells how much it executed; None: nothing ran.
    depth: Depth | None = None
    #: page of the result that decided.
    url: str | None = None
    #: n of BATCHED(n): other changes in the later run that decided.
    others: int | None = None
    #: how the commit that decided matches.
    level: Level | None = None

    @property
    def label(self) -> str:
        """The grade as the decision table writes it: EXACT-AFTER, BATCHED(3)."""
        if self.grade in (Grade.BATCHED_ONE, Grade.BATCHED_MANY):
            return f"BATCHED({self.others or 1})"
        return self.grade.name.replace("_", "-")


@dataclass(frozen=True, slots=True)
class _Build:
    """The attempts of one check on one build, as far as they ended."""

    place: Place
    #: the newest one that says how tests ended; None: none does.
    last: CheckFact | None
    #: attempts that passed.
    passed: tuple[CheckFact, ...]
    marks: frozenset[Mark]
    is_pending: bool
    #: the newest one that ended is not understood.
    is_unclear: bool

    @property
    def is_success(self) -> bool:
        return self.last is not None and self.last.conclusion not in FAILURES

    @property
    def is_failure(self) -> bool:
        return self.last is not None and self.last.conclusion in FAILURES


def results_of(facts: ChangeFacts) -> dict[str, list[Placed]]:
    """The results that say something of the change, by check.

    What CI built on a foreign commit says nothing, nor does a failure together with a change that
    never landed.
    """
    found: dict[str, list[Placed]] = {}
    for one in facts.checks:
        place = place_of(facts, one)
        if place is None or (place.with_unlanded and one.conclusion in FAILURES):
            continue
        found.setdefault(one.name, []).append((place, one))
    return found


def grade(facts: ChangeFacts, name: str, results: Iterable[Placed]) -> CheckVerdict:
    """The grade of one check from all its results.

    The best-matching commit with a conclusive result decides whether it failed. If it did not,
    the check has the highest grade that a success of it earns.
    """
    builds = _builds(results)
    marks: set[Mark] = set()
    decides: _Build | None = None
    for one in builds:
        marks |= one.marks
        if one.is_unclear:
            return CheckVerdict(name, Grade.UNKNOWN, one.place.sha, frozenset(marks))
        if one.last is not None:
            decides = one
            break
    if decides is None:
        left = Grade.LATE if any(one.is_pending for one in builds) else Grade.NOT_RUN
        return CheckVerdict(name, left, None, frozenset(marks))
    if decides.is_failure:
        return _failed(facts, name, decides, marks)
    earned = [
        (_earned(facts, one.place, each), each, one)
        for one in builds
        if one.is_success
        for each in one.passed
    ]
    best, result, build = earned[0] if len(earned) == 1 else max(earned, key=_worth)
    return CheckVerdict(
        name,
        best,
        result.sha,
        frozenset(marks | build.marks),
        _depth(build.passed),
        result.url,
        build.place.others or None,
        build.place.level,
    )


def _worth(one: tuple[Grade, CheckFact, _Build]) -> tuple[object, ...]:
    return (one[0].rank, -one[2].place.level, order(one[1]))


def _failed(facts: ChangeFacts, name: str, one: _Build, marks: set[Mark]) -> CheckVerdict:
    assert one.last is not None
    level = one.place.level
    if level > Level.EQUAL and one.last.source is not None:
        better = {facts.landed_sha, *facts.equal}
        if any(sha in better and source == one.last.source for sha, source in facts.gaps):
            # What was not read there may say that it passed.
            return CheckVerdict(name, Grade.UNKNOWN, one.place.sha, frozenset(marks))
    if level is Level.LATER:
        marks = marks | {Mark.SHARED}
    others = one.place.others or None
    depth = _depth([one.last])
    return CheckVerdict(
        name,
        Grade.FAILED,
        one.place.sha,
        frozenset(marks),
        depth,
        one.last.url,
        others,
        level,
    )


def _builds(results: Iterable[Placed]) -> list[_Build]:
    """What was built, the best match first; of equal ones that which was tested last."""
    attempts: dict[Place, list[CheckFact]] = {}
    for place, one in results:
        attempts.setdefault(place, []).append(one)
    builds = [_build(place, attempts[place]) for place in attempts]
    return builds if len(builds) == 1 else sorted(builds, key=_closeness)


def _closeness(one: _Build) -> tuple[object, ...]:
    place, last = one.place, one.last
    newest = (last.started_at or last.created_at or _NEVER) if last is not None else _NEVER
    return (
        place.level,
        # Of two previews the one that may differ less; of later runs the one with fewer others.
        -place.grade.rank,
        place.others,
        # Of two runs on the head, the one that built the merge of it is the closer one.
        not place.is_merge,
        -newest.timestamp() if newest is not _NEVER else 0.0,
        # Where nothing tells them apart the failure comes first.
        not one.is_failure,
        place.sha,
        place.base or "",
    )


def _build(place: Place, attempts: Sequence[CheckFact]) -> _Build:
    marks: set[Mark] = set()
    ended: list[CheckFact] = []
    conclusive: list[CheckFact] = []
    for one in attempts if len(attempts) == 1 else sorted(attempts, key=order):
        if one.conclusion is Conclusion.PENDING:
            marks.add(Mark.PENDING)
            continue
        ended.append(one)
        says, mark = _outcome(one)
        if mark is not None:
            marks.add(mark)
        if says is not None:
            conclusive.append(one)
    last = conclusive[-1] if conclusive else None
    is_unclear = bool(ended) and ended[-1].conclusion is Conclusion.UNKNOWN
    passed = tuple(one for one in conclusive if one.conclusion is Conclusion.SUCCESS)
    if last is not None and last.conclusion is Conclusion.SUCCESS and len(passed) < len(conclusive):
        marks.add(Mark.FLAKY)
    return _Build(place, last, passed, frozenset(marks), Mark.PENDING in marks, is_unclear)


def order(one: CheckFact) -> tuple[bool, datetime, int, bool, str]:
    """Orders attempts: by start, then number; a failure wins where nothing tells them apart."""
    at = one.started_at or one.created_at
    return (at is not None, at or _NEVER, one.attempt, one.conclusion in FAILURES, one.source_id)


def _outcome(one: CheckFact) -> tuple[bool | None, Mark | None]:
    """Whether tests passed (None: it does not say), and what else is to be said."""
    if one.conclusion in FAILURES:
        return (None, Mark.ALLOWED) if one.allow_failure else (False, None)
    if one.conclusion is Conclusion.ACTION_REQUIRED:
        return None, Mark.BLOCKED
    if one.conclusion is not Conclusion.SUCCESS:
        return None, None
    if one.tests_failed:
        return None, Mark.ALLOWED
    if one.tests_total is not None and one.tests_total <= (one.tests_skipped or 0):
        return None, Mark.NO_TESTS
    return True, None


def _earned(facts: ChangeFacts, place: Place, one: CheckFact) -> Grade:
    if place.grade is not Grade.EXACT:
        return place.grade
    merged, ended = facts.merged_at, one.finished_at
    # Where an instant is missing it is not said that merging waited for it.
    if merged is None or ended is None or ended > merged:
        return Grade.EXACT_AFTER
    return Grade.EXACT


def _depth(results: Iterable[CheckFact]) -> Depth:
    held = list(results)
    if any(one.coverage is not None for one in held):
        return Depth.COVERAGE
    return Depth.COUNTS if any(one.tests_total is not None for one in held) else Depth.CHECK
