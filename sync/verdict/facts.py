"""From the evidence of a repository to what is known of each of its changes; pure."""

from collections.abc import Collection, Iterable, Sequence

from mappings.vocabulary import HistoryState
from sync.verdict.change_facts import ChangeFacts, CheckFact
from sync.verdict.checks import Named, name_tests
from sync.verdict.exempt import ChangeShape, FileShape, Testing, match
from sync.verdict.expected import expected_names, run_here
from sync.verdict.load import Evidence, Landed

#: Changes on each side whose tests tell what is usual here.
AROUND = 5
_BUILT_IN = Testing()


def tests(found: Evidence) -> list[Named]:
    """Every check of the repository, and whether it counts as a test; by label."""
    return name_tests((one for mine in found.checks.values() for one in mine), found.confirmed)


def facts(
    found: Evidence, named: Sequence[Named], testing: Testing = _BUILT_IN
) -> dict[str, ChangeFacts]:
    """What is known of each change, by its id."""
    counting = {one.label for one in named if one.test.is_test}
    names = {one.name for one in named if one.test.is_test} | counting
    names |= {name for name, word in found.confirmed.items() if word}
    mine = {one.id: _own_checks(found, one, counting) for one in found.changes}
    ran = [{check.name for check in mine[one.id]} for one in found.changes]
    sources = frozenset(source for told in found.asked.values() for source in told)
    unread = {one.id: _unread(found, one, sources) for one in found.changes}
    readable = sum(1 for reasons in unread.values() if not reasons)
    has_tests = True if names else (False if readable else None)
    result = {}
    for place, one in enumerate(found.changes):
        around = [*ran[max(0, place - AROUND) : place], *ran[place + 1 : place + 1 + AROUND]]
        required = found.required.get(one.base_ref or "", set()) & names
        result[one.id] = ChangeFacts(
            landed_sha=one.landed_sha,
            head_sha=one.head_sha,
            merged_at=one.merged_at,
            base_sha=one.base_sha,
            trees=found.trees,
            commits=frozenset(found.commits.get(one.id, ())) - {one.head_sha or ""},
            previews=found.previews.get(one.number, {}),
            checks=mine[one.id],
            expected=expected_names(around) | required,
            unread=unread[one.id],
            has_tests=has_tests,
            tests_run_here=run_here(around),
            exempt=match(_shape(found, one), testing),
        )
    return result


def _shape(found: Evidence, one: Landed) -> ChangeShape:
    files = found.files.get(one.id)
    return ChangeShape(
        landed_on=one.merged_at.date(),
        files=None if files is None else tuple(FileShape(path) for path in files),
    )


def _own_checks(found: Evidence, one: Landed, counting: Collection[str]) -> tuple[CheckFact, ...]:
    shas = dict.fromkeys(
        sha
        for sha in (
            one.landed_sha,
            one.head_sha,
            *found.commits.get(one.id, ()),
            *found.previews.get(one.number, ()),
        )
        if sha is not None
    )
    return tuple(
        check.fact for sha in shas for check in found.checks.get(sha, ()) if check.label in counting
    )


def _unread(found: Evidence, one: Landed, sources: Collection[str]) -> tuple[str, ...]:
    """Why results of this change may be missing; empty: all there are were read.

    `sources`: what is asked for by commit in this repository.
    """
    if one.landed_sha is None:
        return ("the commit that landed is not told",)
    reasons: dict[str, None] = {}
    shas = {one.landed_sha: None, one.head_sha or one.landed_sha: None}
    if not sources:
        shas.update(dict.fromkeys(found.previews.get(one.number, ())))
        shas.update(dict.fromkeys(found.commits.get(one.id, ())))
    for sha in shas:
        reasons.update(dict.fromkeys(_unread_of(found, sha, sources)))
    return tuple(reasons)


def _unread_of(found: Evidence, sha: str, sources: Collection[str]) -> Iterable[str]:
    told = found.asked.get(sha, {})
    for source in sorted(sources):
        state, reason = told.get(source, (HistoryState.NOT_FETCHED.value, None))
        if state != HistoryState.COMPLETE.value:
            what = f"{_SOURCES.get(source, source)} of commit {sha[:8]}"
            yield f"{what} {_STATES.get(state, 'could not be read')}" + (
                f": {reason}" if reason else ""
            )
    if sources:
        return
    # Where checks are not asked for by commit, they are the jobs of the commit's runs.
    if not found.runs_complete:
        yield "the list of runs was not read completely"
    for run_id in sorted(found.runs.get(sha, ())):
        state, reason = found.jobs.get(run_id, (HistoryState.NOT_FETCHED.value, None))
        if state != HistoryState.COMPLETE.value:
            yield f"jobs of run {run_id} {_STATES.get(state, 'could not be read')}" + (
                f": {reason}" if reason else ""
            )


_SOURCES = {"check_run": "check runs", "status": "commit statuses", "job": "jobs"}
_STATES = {
    HistoryState.NOT_FETCHED.value: "were not read yet",
    HistoryState.PARTIAL.value: "were read only in part",
    HistoryState.UNAVAILABLE.value: "cannot be read",
}
