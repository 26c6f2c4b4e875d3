"""Why results may be missing; pure. What was not read is never taken for what is not there."""

from collections.abc import Iterator

from mappings.vocabulary import CheckSource, HistoryState
from sync.verdict.evidence import Evidence
from sync.verdict.frame import Landed, Push

_COMPLETE, _NEVER = HistoryState.COMPLETE.value, HistoryState.NOT_FETCHED.value
_SOURCES = {"check_run": "check runs", "status": "commit statuses", "job": "jobs"}
_STATES = {
    HistoryState.NOT_FETCHED.value: "were not read yet",
    HistoryState.PARTIAL.value: "were read only in part",
    HistoryState.UNAVAILABLE.value: "cannot be read",
}
#: (commit, source): where results may be missing.
Gap = tuple[str, str]


def of_change(found: Evidence, one: Landed) -> tuple[tuple[str, ...], frozenset[Gap]]:
    """(why results of this change may be missing, where); both empty: all there are were read."""
    if one.landed_sha is None:
        return ("the commit that landed is not told",), frozenset()
    asked = [one.landed_sha, one.head_sha or one.landed_sha]
    return _read(found, asked if found.frame.sources else found.own(one))


def of_push(found: Evidence, one: Push) -> tuple[tuple[str, ...], frozenset[Gap]]:
    """The same of a commit that no change brought: what ran on it is known by its runs, too."""
    runs = found.runs.get(one.sha, ())
    if runs and all(found.jobs.get(run.id, (_NEVER, None))[0] == _COMPLETE for run in runs):
        return (), frozenset()
    return _read(found, [one.sha])


def _read(found: Evidence, shas: list[str]) -> tuple[tuple[str, ...], frozenset[Gap]]:
    reasons: dict[str, None] = {}
    gaps: set[Gap] = set()
    for sha in dict.fromkeys(shas):
        for source, reason in _unread(found, sha):
            reasons[reason] = None
            gaps.add((sha, source))
    return tuple(reasons), frozenset(gaps)


def _unread(found: Evidence, sha: str) -> Iterator[tuple[str, str]]:
    """(source, why) of what was not read of a commit."""
    told = found.asked.get(sha, {})
    for source in sorted(found.frame.sources):
        state, reason = told.get(source, (_NEVER, None))
        if state != _COMPLETE:
            what = f"{_SOURCES.get(source, source)} of commit {sha[:8]}"
            yield source, _sentence(what, state, reason)
    if found.frame.sources:
        return
    # Where checks are not asked for by commit, they are the jobs of the commit's runs.
    job = CheckSource.JOB.value
    if not found.frame.runs_complete:
        yield job, "the list of runs was not read completely"
    for run_id in sorted(run.id for run in found.runs.get(sha, ())):
        state, reason = found.jobs.get(run_id, (_NEVER, None))
        if state != _COMPLETE:
            yield job, _sentence(f"jobs of run {run_id}", state, reason)


def _sentence(what: str, state: str, reason: str | None) -> str:
    told = f"{what} {_STATES.get(state, 'could not be read')}"
    return f"{told}: {reason}" if reason else told
