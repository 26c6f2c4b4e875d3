"""From the evidence of some changes of a repository to what is known of each of them; pure."""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mappings.vocabulary import Conclusion, MergeMethod, Origin, PipelineKind
from sync.verdict import lost_runs, unread, uploads
from sync.verdict.catalogue import Catalogue
from sync.verdict.change_facts import ChangeFacts, CheckFact, Moved
from sync.verdict.evidence import Evidence
from sync.verdict.exempt import ChangeShape, Testing, match
from sync.verdict.expected import Ran, areas, begun, not_of_paths, of_paths, retired, run_here
from sync.verdict.frame import AROUND, Landed, Push
from sync.verdict.names import Subject
from sync.verdict.results import Result, Run

#: A later commit of the branch tells of a change if it is one of the next so many, and of the
#: tested ones among these one of the first few.
LATER, LATER_TESTED = 50, 3
#: GitLab: the whole pipeline has to succeed.
_EVERYTHING = "*"
_SAYS_HOW_TESTS_ENDED = (Conclusion.SUCCESS, Conclusion.FAILURE, Conclusion.TIMED_OUT)
_NOTHING = frozenset[str]()


@dataclass(frozen=True, slots=True)
class _Usual:
    """What is expected of a change, by those around it."""

    expected: frozenset[str]
    not_expected: frozenset[str]
    retired: frozenset[str]
    run_here: bool


class Known:
    """What follows from the evidence of changes in the order that they landed."""

    def __init__(self, found: Evidence, catalogue: Catalogue, testing: Testing) -> None:
        """`found` holds the changes that are judged, and those around them."""
        self._found, self._testing = found, testing
        self._names = catalogue
        self._by_sha: dict[str, list[CheckFact]] = {}
        self._without_jobs = _by_workflow(catalogue)
        self._places = {one.id: place for place, one in enumerate(found.changes)}
        self._merged = [one.merged_at for one in found.changes]
        self._ran = [self._ran_on(one) for one in found.changes]
        self._expected: dict[tuple[int, str | None, str | None], _Usual] = {}
        self._all_names = catalogue.names
        self._by_landed = {one.landed_sha: one for one in found.changes if one.landed_sha}

    def lacking(
        self, changes: Sequence[Landed], pushes: Sequence[Push]
    ) -> dict[str, dict[str, int]]:
        """Later commits of the branch that tell of what lacks a test of its own, by change."""
        later: dict[str, dict[str, int]] = {}
        for one in changes:
            ran = self._ran[self._places[one.id]].ran
            usual = self._usual(self._places[one.id], one.id, one.base_ref)
            if one.landed_sha is not None and (not ran or usual.expected - ran):
                later[one.id] = self._later(one.landed_sha)
        for push in pushes:
            if not any(_ended(check) for check in self._checks(push.sha)):
                later[push.id] = self._later(push.sha)
        return {id_: told for id_, told in later.items() if told}

    def change(self, one: Landed) -> ChangeFacts:
        """What is known of a change."""
        found, place = self._found, self._places[one.id]
        reasons, gaps = unread.of_change(found, one)
        usual = self._usual(place, one.id, one.base_ref)
        ran = self._ran[place].ran
        if not ran or usual.expected - ran:
            reasons += self._lost(one.created_at, one.merged_at)
            if one.id in found.pushed_away:
                reasons += ("a head was pushed away, and what ran on it cannot be asked for",)
        equal = self._equal(one.landed_sha)
        later = found.later.get(one.id, {})
        own, fork = found.own(one), found.forks.get(one.id)
        checks = self._all([*own, *(sha for sha in sorted(equal) if sha not in own), *later])
        previews = found.previews.get(one.id, {})
        paths = found.paths.get(one.id)
        bases = {preview.base_sha for preview in previews.values()}
        bases |= {check.merged_base for check in checks if check.builds_merge}
        reviews = found.reviews.get(one.id)
        return ChangeFacts(
            landed_sha=one.landed_sha,
            head_sha=one.head_sha,
            merged_at=one.merged_at,
            base_sha=one.base_sha,
            trees=self._trees([*own, *equal, *(sha for sha in (fork, one.base_sha) if sha)]),
            forked_from=fork,
            commits=frozenset(found.earlier.get(one.id, ())) - {one.head_sha or ""},
            previews=previews,
            checks=checks,
            expected=usual.expected,
            unread=reasons,
            gaps=gaps,
            has_tests=self._has_tests(reasons),
            tests_run_here=usual.run_here,
            exempt=match(self._shape(one), self._testing),
            method=MergeMethod(one.method),
            equal=equal,
            later=later,
            paths=paths,
            moved=self._moved(one, bases),
            not_expected=usual.not_expected,
            retired=usual.retired,
            required=self._required(one.base_ref, usual.expected | {c.name for c in checks}),
            required_since=found.frame.required_since.get(one.base_ref or ""),
            reviews=None if reviews is None else tuple(reviews),
            author_id=one.author_id,
            pushed_at=found.pushed.get(one.id),
        )

    def push(self, one: Push) -> ChangeFacts:
        """What is known of a commit that no change brought."""
        found = self._found
        reasons, gaps = unread.of_push(found, one)
        usual = self._usual(bisect_right(self._merged, one.landed_at), None, found.frame.branch)
        equal = self._equal(one.sha)
        later = found.later.get(one.id, {})
        checks = self._all([one.sha, *sorted(equal), *later])
        if not any(_ended(check) for check in self._checks(one.sha)):
            reasons += self._lost(one.landed_at, one.landed_at)
        return ChangeFacts(
            landed_sha=one.sha,
            head_sha=None,
            merged_at=one.landed_at,
            base_sha=one.base_sha,
            trees=self._trees([one.sha, *equal]),
            checks=checks,
            expected=usual.expected,
            unread=reasons,
            gaps=gaps,
            has_tests=self._has_tests(reasons),
            tests_run_here=usual.run_here,
            subject=Subject.DIRECT_PUSH,
            equal=equal,
            later=later,
            retired=usual.retired,
            required=self._required(found.frame.branch, usual.expected),
            required_since=found.frame.required_since.get(found.frame.branch or ""),
        )

    def _lost(self, begin: datetime | None, end: datetime) -> tuple[str, ...]:
        """Why a result that is missing may be lost."""
        told = lost_runs.reason(self._found.frame.lost, begin, end)
        return () if told is None else (told,)

    def _shape(self, one: Landed) -> ChangeShape:
        found = self._found
        return ChangeShape(
            found.frame.path,
            one.merged_at.date(),
            found.files.get(one.id),
            found.logins.get(one.author_id or ""),
            found.own_commits.get(one.id),
        )

    def _has_tests(self, reasons: Collection[str]) -> bool | None:
        """Where nothing is missing that could be one, none seen is none there."""
        return True if self._all_names else (None if reasons else False)

    def _ran_on(self, one: Landed) -> Ran:
        paths = self._found.paths.get(one.id)
        ended = [
            check for sha in self._found.own(one) for check in self._checks(sha) if _ended(check)
        ]
        names = frozenset(check.name for check in ended)
        started = {check.name for check in ended if not check.on_schedule}
        return Ran(names, None if paths is None else areas(paths), names - started)

    def _usual(self, place: int, id_: str | None, branch: str | None) -> _Usual:
        """`id_`: the change at this place; None: it is between two."""
        key = (place, id_, branch)
        if key not in self._expected:
            self._expected[key] = self._looked_at(*key)
        return self._expected[key]

    def _looked_at(self, place: int, id_: str | None, branch: str | None) -> _Usual:
        before = self._ran[max(0, place - AROUND) : place]
        begin = place if id_ is None else place + 1
        after = self._ran[begin : begin + AROUND]
        around = [*before, *after]
        mine = None if id_ is None else self._ran[place].areas
        required = self._found.frame.required.get(branch or "", _NOTHING) & self._all_names
        own = _NOTHING if id_ is None else self._ran[place].ran
        known = begun(before, own)
        expected, required = of_paths(mine, around) & known, required & known
        return _Usual(
            expected | required,
            not_of_paths(mine, around) - required,
            retired(expected | own, after),
            bool(known or not before) and run_here([one.ran for one in around]),
        )

    def _required(self, branch: str | None, names: Collection[str]) -> frozenset[str] | None:
        told = self._found.frame.required.get(branch or "")
        if told is None:
            return None
        if _EVERYTHING in told:
            return frozenset(names)
        return told & self._all_names

    def _later(self, landed: str) -> dict[str, int]:
        chain, tested = self._found.frame.chain, self._found.frame.tested
        waiting = 0
        for sha in chain.before(landed, LATER):
            if sha in tested:
                break
            waiting += 1
        later: dict[str, int] = {}
        for place, sha in enumerate(chain.after(landed, LATER), 1):
            if sha in tested:
                later[sha] = waiting + place
                if len(later) == LATER_TESTED:
                    break
        return later

    def _moved(self, one: Landed, bases: Collection[str | None]) -> dict[str, Moved]:
        base, found = one.base_sha, self._found
        moved: dict[str, Moved] = {}
        for other in sorted(sha for sha in bases if sha is not None):
            if base is None or other == base:
                continue
            held = found.commits.get(other)
            between = found.frame.chain.between(other, base)
            if between is None:
                never = found.frame.chain.never_held(other, base)
                moved[other] = Moved(None, held.at if held else None, False if never else None)
                continue
            moved[other] = Moved(self._touched(between), held.at if held else None, True)
        return moved

    def _touched(self, shas: Sequence[str]) -> frozenset[str] | None:
        """Files that what landed on the branch touches; None: of one of them it is not known."""
        touched: set[str] = set()
        for sha in shas:
            one = self._by_landed.get(sha)
            paths = self._found.paths.get(one.id) if one is not None else None
            if paths is None:
                return None
            touched |= paths
        return frozenset(touched)

    def _equal(self, landed: str | None) -> frozenset[str]:
        return frozenset(self._found.equal.get(landed or "", ()))

    def _trees(self, shas: Sequence[str]) -> Mapping[str, str]:
        trees = ((sha, self._found.tree(sha)) for sha in shas)
        return {sha: tree for sha, tree in trees if tree is not None}

    def _all(self, shas: Sequence[str]) -> tuple[CheckFact, ...]:
        return tuple(check for sha in shas for check in self._checks(sha))

    def _checks(self, sha: str) -> Sequence[CheckFact]:
        """Results of tests on a commit."""
        held = self._by_sha.get(sha)
        if held is None:
            results = self._found.results.get(sha, ())
            held = [*self._of_results(results), *self._of_runs(sha, results)]
            self._by_sha[sha] = held
        return held

    def _of_results(self, results: Sequence[Result]) -> Iterator[CheckFact]:
        names = self._names
        for one in results:
            label = names.label(one.name, one.app, one.stage, of_run=one.run_id is not None)
            # A report given by hand is one of tests, whatever it is called.
            if label not in names.counting and one.source != uploads.SOURCE:
                continue
            run = one.run
            merge = None if run is None else run.builds_merge
            yield CheckFact(
                name=label,
                sha=one.sha,
                conclusion=Conclusion(one.conclusion),
                # An attempt that the vendor calls superseded goes before one that it does not.
                attempt=2 * one.attempt + (0 if one.is_superseded else 1),
                allow_failure=one.allow_failure,
                created_at=one.created_at,
                started_at=one.started_at,
                finished_at=one.finished_at,
                tests_total=one.tests_total,
                tests_failed=one.tests_failed,
                tests_skipped=one.tests_skipped,
                source_id=one.source_id,
                coverage=one.coverage,
                builds_merge=merge,
                merged_base=run.base_sha if run is not None and merge else None,
                base_known=_origin(run) if merge else None,
                url=one.url,
                source=one.source,
                on_schedule=run is not None and run.kind == PipelineKind.SCHEDULE.value,
            )

    def _of_runs(self, sha: str, results: Sequence[Result]) -> Iterator[CheckFact]:
        """Runs that ended, or wait for somebody, before any of their checks began."""
        told = {one.run_id for one in results}
        for run in self._found.runs.get(sha, ()):
            if run.id in told or run.builds_base or not _never_began(run):
                continue
            for label in self._without_jobs.get(run.name or "", ()):
                yield CheckFact(
                    name=label,
                    sha=sha,
                    conclusion=Conclusion(run.conclusion),
                    attempt=2 * run.attempt + 1,
                    created_at=run.created_at,
                    finished_at=run.finished_at,
                    source_id=run.id,
                    builds_merge=run.builds_merge,
                    merged_base=run.base_sha if run.builds_merge else None,
                    base_known=_origin(run) if run.builds_merge else None,
                    url=run.url,
                )


def _by_workflow(catalogue: Catalogue) -> dict[str, list[str]]:
    """Tests by the workflow that runs them."""
    found: dict[str, list[str]] = {}
    for one in catalogue.named:
        if one.test.is_test:
            for stage in sorted(one.stages):
                found.setdefault(stage, []).append(one.label)
    return found


def _never_began(run: Run) -> bool:
    return (
        run.conclusion == Conclusion.ACTION_REQUIRED.value
        or run.raw_conclusion == "startup_failure"
    )


def _origin(run: Run | None) -> Origin | None:
    return None if run is None or run.base_known is None else Origin(run.base_known)


def _ended(check: CheckFact) -> bool:
    return check.conclusion in _SAYS_HOW_TESTS_ENDED
