"""Check results as sets per commit or run, and what merging into a branch requires."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import chain
from operator import attrgetter
from typing import Any

from mappings.code_records import CheckResult, Checks, RequiredChecks, RunJobs
from mappings.vocabulary import CheckSource, Conclusion, HistoryState
from sync.store import versioned
from sync.store.due import Kind
from sync.store.page import Page
from sync.store.tables_code import check_result, checks_state, required_check
from sync.store.versioned import Children, Held, Key, Row

_DATA = (
    "scope_id",
    "sha",
    "name",
    "conclusion",
    "raw_status",
    "raw_conclusion",
    "app",
    "stage",
    "run_id",
    "attempt",
    "allow_failure",
    "is_superseded",
    "is_required",
    "created_at",
    "started_at",
    "finished_at",
    "tests_total",
    "tests_failed",
    "tests_skipped",
    "coverage",
    "url",
)
_AT = {name: i for i, name in enumerate(_DATA)}
#: What one listing of a result tells and another leaves out.
_TOLD_SOMETIMES = tuple(
    _AT[name]
    for name in (
        "app",
        "stage",
        "run_id",
        "is_required",
        "created_at",
        "started_at",
        "tests_total",
        "tests_failed",
        "tests_skipped",
        "coverage",
        "url",
    )
)
_get = attrgetter(*_DATA)
_RESULT = Children(check_result, ("source", "source_id"), _DATA, due=(Kind.COMMIT, "sha"))
_STATE = Children(
    checks_state, ("scope_id", "subject_kind", "subject_id", "source"), ("state", "reason")
)
_REQUIRED = Children(required_check, ("scope_id", "branch", "name"), due=(Kind.SCOPE, "scope_id"))
#: Kind of note -> subject kind of such states, place of the note's subject in their key.
_DUE = {Kind.COMMIT: ("commit", 2), Kind.RUN: ("run", 2), Kind.SCOPE: ("branch", 0)}
_PENDING = Conclusion.PENDING.value
#: Of two readings of one set in a page the better one counts.
_BETTER = (
    HistoryState.NOT_FETCHED,
    HistoryState.UNAVAILABLE,
    HistoryState.PARTIAL,
    HistoryState.COMPLETE,
)


def write_checks(page: Page, checks: Iterable[Checks], jobs: Iterable[RunJobs]) -> None:
    """Results of commits and runs; only a complete set takes away what it does not hold.

    What is finished does not become unfinished by an older answer, and what an answer leaves out
    (`None`) never blanks what another told.
    """
    of_commits, of_runs = list(checks), list(jobs)
    states: dict[Key, tuple[HistoryState, str | None]] = {}
    for one in of_commits:
        for source in one.sources:
            _best(states, (one.scope_id, "commit", one.sha, source.value), one.state, one.reason)
    for run in of_runs:
        key = (run.scope_id, "run", run.run_id, CheckSource.JOB.value)
        _best(states, key, run.state, run.reason)
    if not states:
        return
    results: dict[tuple[str, str], CheckResult] = {}
    for result in chain(*(one.results for one in of_commits), *(one.results for one in of_runs)):
        results[result.source.value, result.source_id] = result
    known = _known(page, states, results)
    fresh = {
        key: _settled(row, known.get(key))
        for key, row in versioned.rows((key, _values(one)) for key, one in results.items()).items()
    }
    whole = {key for key, (state, _) in states.items() if state is HistoryState.COMPLETE}

    def is_whole(key: Key, row: Row) -> bool:
        scope_id, source = row[_AT["scope_id"]], key[0]
        return (scope_id, "commit", row[_AT["sha"]], source) in whole or (
            source == CheckSource.JOB.value
            and (scope_id, "run", row[_AT["run_id"]], source) in whole
        )

    versioned.write(page, _RESULT, known, fresh, is_whole)
    _write_states(page, states)


def _best(
    states: dict[Key, tuple[HistoryState, str | None]],
    key: Key,
    state: HistoryState,
    reason: str | None,
) -> None:
    held = states.get(key)
    if held is None or _BETTER.index(state) >= _BETTER.index(held[0]):
        states[key] = (state, reason)


def _known(
    page: Page, states: Iterable[Key], results: Iterable[tuple[str, str]]
) -> dict[Key, Held]:
    """What is known of these commits and runs, and of these results wherever they stand."""
    subjects: dict[str, set[str]] = {"commit": set(), "run": set()}
    for _, kind, id_, _ in states:
        subjects[kind].add(id_)
    known = versioned.held(page, _RESULT, subjects["commit"], by="sha")
    known.update(versioned.held(page, _RESULT, subjects["run"], by="run_id"))
    elsewhere: dict[str, set[str]] = {}
    for source, id_ in results:
        if (source, id_) not in known:
            elsewhere.setdefault(source, set()).add(id_)
    for source, ids in elsewhere.items():
        extra = f"AND source = '{source}'"
        known.update(versioned.held(page, _RESULT, ids, by="source_id", extra=extra))
    return known


def _values(one: CheckResult) -> Row:
    values: list[Any] = list(_get(one))
    values[_AT["conclusion"]] = one.conclusion.value
    return tuple(values)


def _settled(row: Row, before: Held | None) -> Row:
    """The row as it is to stand, given what is known of the same result."""
    if before is None:
        return row
    if _is_older(row, before.data):
        return before.data
    values = list(row)
    for i in _TOLD_SOMETIMES:
        if values[i] is None:
            values[i] = before.data[i]
    return tuple(values)


def _is_older(row: Row, before: Row) -> bool:
    ended: datetime | None = before[_AT["finished_at"]]
    if ended is None or before[_AT["conclusion"]] == _PENDING:
        return False
    if row[_AT["conclusion"]] == _PENDING:
        begun: datetime | None = row[_AT["started_at"]] or row[_AT["created_at"]]
        return begun is None or begun <= ended
    finished: datetime | None = row[_AT["finished_at"]]
    return finished is not None and finished < ended


def _is_held(key: Key, known: versioned.Held | None) -> bool:
    """Whether the jobs of a run were read whole: that it was deleted since takes nothing back."""
    return key[1] == "run" and known is not None and known.data[0] == HistoryState.COMPLETE.value


def _write_states(page: Page, states: Mapping[Key, tuple[HistoryState, str | None]]) -> None:
    known = versioned.held(page, _STATE, {key[2] for key in states}, by="subject_id")
    fresh = versioned.rows(
        (key, (state.value, why))
        for key, (state, why) in states.items()
        if not (state is HistoryState.UNAVAILABLE and _is_held(key, known.get(key)))
    )
    versioned.write(page, _STATE, known, fresh, lambda _key, _row: False)
    moved = [key for key, row in fresh.items() if key not in known or known[key].data != row]
    for kind, place in _DUE.items():
        page.note(kind, {key[place[1]] for key in moved if key[1] == place[0]})


def write_required(page: Page, records: Iterable[RequiredChecks]) -> None:
    """What merging into each branch requires, as a set where it could be read."""
    mine = {(one.scope_id, one.branch): one for one in records}
    if not mine:
        return
    whole = {key for key, one in mine.items() if one.state is HistoryState.COMPLETE}
    fresh = versioned.rows(((*key, name), ()) for key, one in mine.items() for name in one.names)
    known = versioned.held(page, _REQUIRED, {scope_id for scope_id, _ in mine}, by="scope_id")
    versioned.write(page, _REQUIRED, known, fresh, lambda key, _row: key[:2] in whole)
    _write_states(
        page,
        {
            (scope_id, "branch", branch, "required"): (one.state, one.reason)
            for (scope_id, branch), one in mine.items()
        },
    )
