"""Was what landed tested? A pure judgement over frozen facts.

The commit that counts is the one that landed. A check's result there stands above all others;
then comes a preview of the merge, then the head of the change, its earlier commits, and later runs
of the branch. The weakest expected check decides. What could not be read leads to `unknown`, never
to an accusation and never to a claim that something was tested.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mappings.vocabulary import Conclusion
from sync.verdict.change_facts import ChangeFacts, Target
from sync.verdict.expected import bare, missing
from sync.verdict.grade import CheckVerdict, Placed, grade, results_of
from sync.verdict.marks import depth, gated, reviewed
from sync.verdict.names import Depth, Gate, Grade, Mark, Review, Verdict
from sync.verdict.place import Level

_TARGET = Target()


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, and what it rests on."""

    verdict: Verdict
    #: by name.
    checks: tuple[CheckVerdict, ...] = ()
    #: why it is not known, which rule exempts it, and what else a person should know.
    reasons: tuple[str, ...] = ()
    #: the check that decided: the weakest one; None where there is none.
    weakest: CheckVerdict | None = None
    gated: Gate | None = None
    reviewed: Review | None = None
    depth: Depth | None = None
    #: what is to be said of the change itself.
    signs: frozenset[Mark] = frozenset()
    #: name of the rule that matches, also where a failure stands above it.
    rule: str | None = None

    @property
    def marks(self) -> frozenset[Mark]:
        """What is to be said of the change or of any of its checks."""
        return self.signs.union(*(one.marks for one in self.checks))


def judge(facts: ChangeFacts, target: Target = _TARGET) -> Judgement:
    """The verdict of what landed; `target`: how much of the changed lines has to be covered."""
    checks, notes = _chosen(facts)
    verdict, reasons = _verdict(facts, checks, target)
    exempt = facts.exempt
    lost = taken_back(facts)
    if lost is not None:
        notes = (*notes, lost)
    if exempt is not None and exempt.expired is not None:
        notes = (*notes, f'the rule "{exempt.rule}" would exempt it and ended on {exempt.expired}')
    return Judgement(
        verdict,
        checks,
        (*reasons, *notes),
        weakest=min(checks, key=_weakness, default=None),
        gated=gated(facts, checks),
        reviewed=reviewed(facts),
        depth=depth(checks),
        signs=frozenset({Mark.TAKES_BACK}) if lost is not None else frozenset(),
        rule=exempt.rule if exempt is not None and exempt.expired is None else None,
    )


def taken_back(facts: ChangeFacts) -> str | None:
    """Why what landed may take back what others landed before it; None: nothing says so.

    Either files differ from its base that the change does not touch; or its content is the one of
    a head that was begun on an older base of other content, and never brought up to date.
    """
    own, all_ = facts.paths, facts.landed_paths
    foreign = sorted(all_ - own) if all_ is not None and own is not None else []
    if foreign:
        more = f" and {len(foreign) - 1} more" if foreign[1:] else ""
        return (
            f"what landed also changes {foreign[0]}{more}, which the change does not touch: it may "
            "take back what landed before"
        )
    trees, fork = facts.trees, facts.forked_from
    known = (facts.landed_sha, facts.head_sha, fork, facts.base_sha)
    landed, head, begun, base = (trees.get(sha) if sha is not None else None for sha in known)
    if landed is None or begun is None or base is None or fork == facts.base_sha:
        return None
    if landed == head and landed not in (begun, base) and begun != base:
        return (
            "what landed is the content of a head that was begun on an older base: it takes back "
            "what landed in between"
        )
    return None


def _weakness(one: CheckVerdict) -> tuple[int, int, str]:
    """The weakest first: a failure, then what is not known, then by the order."""
    if one.grade is Grade.FAILED:
        return (0, 0, one.name)
    return (2, one.grade.rank, one.name) if one.grade.is_ordered else (1, 0, one.name)


def grades(facts: ChangeFacts) -> tuple[CheckVerdict, ...]:
    """The grade of each check that counts for this change, by name."""
    return _chosen(facts)[0]


def _chosen(facts: ChangeFacts) -> tuple[tuple[CheckVerdict, ...], tuple[str, ...]]:
    """The grades of T, and why a check that left a trace is not in it."""
    results = results_of(facts)
    every = [grade(facts, name, results[name]) for name in sorted(results)]
    wanted = facts.expected | (facts.required or frozenset())
    kept, notes = [], []
    for check in every:
        why = None if _is_wanted(check.name, wanted) else _left_out(facts, check, every, results)
        if why is None:
            kept.append(check)
        elif why:
            notes.append(f"{check.name} {why}")
    absent = missing(facts.expected, results.keys())
    kept += [CheckVerdict(name, Grade.NONE) for name in absent]
    return tuple(sorted(kept, key=lambda one: one.name)), tuple(notes)


def _is_wanted(name: str, wanted: frozenset[str]) -> bool:
    return name in wanted or name.partition(" [")[0] in wanted


def _left_out(
    facts: ChangeFacts,
    one: CheckVerdict,
    every: Sequence[CheckVerdict],
    results: Mapping[str, Sequence[Placed]],
) -> str | None:
    """Why a check is none of this change's; empty: it goes without saying; None: it is one."""
    others = [each for each in every if each.name != one.name]
    is_later = all(place.level is Level.LATER for place, _ in results[one.name])
    if is_later and (facts.expected or any(_is_own(each, results) for each in others)):
        # Of all that runs on later states of the branch, what is usual for a change tells of it.
        return ""
    if one.grade is Grade.NOT_RUN:
        if one.name in facts.not_expected:
            return "does not run for paths like these"
        is_skipped = all(it.conclusion is Conclusion.SKIPPED for _, it in results[one.name])
        # Skipped before its matrix was known: its legs ran in another run.
        if is_skipped and any(_is_leg(one.name, each) for each in others):
            return ""
    is_old = one.grade is Grade.NOT_RUN or one.level is Level.EARLIER
    if one.name in facts.retired and is_old:
        newer = [each for each in others if each.name not in facts.retired]
        if any(each.grade.is_success and each.grade.rank >= Grade.HEAD.rank for each in newer):
            return "is not run any more: it was renamed or removed"
    return None


def _is_own(one: CheckVerdict, results: Mapping[str, Sequence[Placed]]) -> bool:
    return any(place.level is not Level.LATER for place, _ in results[one.name])


def _is_leg(name: str, one: CheckVerdict) -> bool:
    return one.name != bare(one.name) and bare(one.name) == bare(name) and one.sha is not None


def _verdict(
    facts: ChangeFacts, checks: Sequence[CheckVerdict], target: Target
) -> tuple[Verdict, tuple[str, ...]]:
    held = [one.grade for one in checks]
    if Grade.FAILED in held:
        return Verdict.MERGED_RED, _whose(checks)
    exempt = facts.exempt
    passed = bool(held) and all(one.is_success for one in held)
    if exempt is not None and exempt.expired is None and (passed or not exempt.needs_tests):
        return Verdict.EXEMPT, (exempt.why,)
    unknown = _unknown(facts, checks)
    if unknown:
        return Verdict.UNKNOWN, unknown
    if not held:
        return (Verdict.NO_CI if facts.has_tests is False else Verdict.NOT_TESTED), ()
    if not any(one.is_success for one in held):
        return Verdict.NOT_TESTED, ()
    if not passed:
        return Verdict.PARTIAL, ()
    uncovered = _uncovered(facts, target)
    if uncovered is not None:
        return Verdict.PARTIAL, (uncovered,)
    return _said(min(held, key=lambda one: one.rank)), ()


def _whose(checks: Sequence[CheckVerdict]) -> tuple[str, ...]:
    return tuple(
        f"{one.name} failed on a later run that holds {one.others or 1} other "
        f"change{'' if (one.others or 1) == 1 else 's'}: whose doing it is, is not told"
        for one in checks
        if one.grade is Grade.FAILED and Mark.SHARED in one.marks
    )


def _uncovered(facts: ChangeFacts, target: Target) -> str | None:
    """Why the changed lines are covered too little; None: they are not, or it is not known."""
    told = facts.coverage
    if told is None or told.coverable <= 0:
        return None
    left = told.coverable - told.covered
    if told.covered >= target.share * told.coverable or left < target.uncovered:
        return None
    carried = ", of a report carried over" if told.carried else ""
    return f"tests executed {told.covered} of {told.coverable} changed lines{carried}"


def _unknown(facts: ChangeFacts, checks: Sequence[CheckVerdict]) -> tuple[str, ...]:
    """Why no verdict can be given; empty: one can."""
    if facts.unread:
        return facts.unread
    unclear = tuple(_UNCLEAR[one.grade].format(one.name) for one in checks if one.grade in _UNCLEAR)
    if unclear or checks:
        return unclear
    if facts.has_tests is None:
        return ("which checks are tests here is not known yet",)
    if facts.has_tests and not facts.tests_run_here:
        return ("no test is known to have run on the changes around it",)
    return ()


_UNCLEAR = {
    Grade.LATE: "{} has not ended",
    Grade.UNKNOWN: "how {} ended is not understood, or was not read",
}


def _said(weakest: Grade) -> Verdict:
    if weakest is Grade.EXACT:
        return Verdict.TESTED
    if weakest in (Grade.EXACT_AFTER, Grade.BATCHED_ONE):
        return Verdict.TESTED_AFTER
    if weakest in (Grade.PREVIEW, Grade.HEAD):
        return Verdict.TESTED_AT_HEAD
    return Verdict.STALE
