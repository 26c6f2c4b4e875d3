"""Rows of check results and of their runs, as they are told; pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from mappings.vocabulary import CheckSource, Conclusion, PipelineKind

_PENDING, _SUCCESS = Conclusion.PENDING.value, Conclusion.SUCCESS.value
_FAILED = (Conclusion.FAILURE.value, Conclusion.TIMED_OUT.value)


class Run(NamedTuple):
    """The newest attempt of a run; instants in UTC."""

    id: str
    attempt: int
    kind: str
    raw_event: str | None
    #: its workflow, where the vendor has such.
    name: str | None
    sha: str
    conclusion: str
    raw_conclusion: str | None
    created_at: datetime | None
    finished_at: datetime | None
    numbers: Sequence[int]
    base_sha: str | None
    base_known: str | None
    url: str | None

    @property
    def builds_base(self) -> bool:
        """Whether it built the base of a change, and says nothing of the change."""
        return self.raw_event == "pull_request_target"

    @property
    def builds_merge(self) -> bool:
        """Whether it is told under the head of a change, and built its merge with the base."""
        return self.kind == PipelineKind.CHANGE.value and self.raw_event == "pull_request"


RUN_COLUMNS = (
    "source_id", "attempt", "kind", "raw_event", "name", "sha", "conclusion", "raw_conclusion",
    "created_at", "finished_at", "change_numbers", "base_sha", "base_known", "url",
)  # fmt: skip


class Result(NamedTuple):
    """One attempt of one check on one commit; instants in UTC."""

    source: str
    source_id: str
    scope_id: str
    run_id: str | None
    sha: str
    name: str
    app: str | None
    #: stage of a job, or its workflow.
    stage: str | None
    conclusion: str
    attempt: int
    allow_failure: bool
    is_superseded: bool
    created_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    tests_total: int | None
    tests_failed: int | None
    tests_skipped: int | None
    coverage: float | None
    url: str | None
    run: Run | None = None


RESULT_COLUMNS = Result._fields[:-1]
_WIDTH = len(RESULT_COLUMNS)
_SOURCE, _ID, _RUN, _SHA = map(RESULT_COLUMNS.index, ("source", "source_id", "run_id", "sha"))
_SOURCE_AND_ID = itemgetter(_SOURCE, _ID)
_STATUS = CheckSource.STATUS.value


def newest_runs(rows: Iterable[Sequence[Any]]) -> dict[str, Run]:
    """The newest attempt of each run, by its id; rows of `RUN_COLUMNS`."""
    newest: dict[str, Run] = {}
    for row in rows:
        one = Run._make(row)
        held = newest.get(one.id)
        if held is None or one.attempt > held.attempt:
            newest[one.id] = one
    return newest


def merged(rows: Iterable[Sequence[Any]], runs: Mapping[str, Run]) -> list[Result]:
    """Results with their runs, each once; rows of `RESULT_COLUMNS`.

    A job and the check run that shows it have one id: they are one result, told in two places.
    What was built of the base of a change alone is left out.
    """
    told: dict[tuple[str, str], Sequence[Any]] = {}
    others: list[Sequence[Any]] = []
    for row in sorted(rows, key=_SOURCE_AND_ID):
        if row[_SOURCE] == _STATUS:
            others.append(row)
            continue
        key = (row[_ID], row[_SHA])
        held = told.get(key)
        told[key] = row if held is None else _merged(Result(*held), Result(*row))
    found = []
    for row in (*others, *told.values()):
        run = runs.get(row[_RUN]) if row[_RUN] is not None else None
        if run is None:
            found.append(Result(*row[:_WIDTH]))
        elif not run.builds_base:
            found.append(_of_run(Result._make((*row[:_WIDTH], run)), run))
    return found


def _of_run(row: Result, run: Run) -> Result:
    # Its newest attempt failed and its run did not: the run was told to go on.
    goes_on = run.conclusion == _SUCCESS and not row.is_superseded and row.conclusion in _FAILED
    # A check run by REST names its run alone, and jobs may be not read or not asked for.
    stage = row.stage or (run.name if row.source == CheckSource.CHECK_RUN.value else None)
    if goes_on or stage != row.stage:
        return row._replace(allow_failure=goes_on or row.allow_failure, stage=stage)
    return row


def _merged(first: Result, second: Result) -> Result:
    """One result told twice: what one leaves out the other may know; the one that ended counts."""
    newer, older = (
        (first, second)
        if second.conclusion == _PENDING and first.conclusion != _PENDING
        else (second, first)
    )
    both = Result._make(old if new is None else new for new, old in zip(newer, older, strict=True))
    return both._replace(
        allow_failure=bool(older.allow_failure) or bool(newer.allow_failure),
        is_superseded=bool(older.is_superseded) or bool(newer.is_superseded),
    )
