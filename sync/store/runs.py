"""Pipelines and workflow runs, one row per attempt."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from mappings.code_records import PipelineRun
from sync.store.bulk import hashed
from sync.store.due import Kind
from sync.store.page import PRESENCE, Page, same
from sync.store.payloads import older
from sync.store.tables_code import pipeline_run

_RUN = (
    "source_id",
    "attempt",
    "scope_id",
    "kind",
    "raw_event",
    "name",
    "sha",
    "ref",
    "conclusion",
    "raw_status",
    "raw_conclusion",
    "created_at",
    "started_at",
    "finished_at",
    "updated_at",
    "change_numbers",
    "parent_id",
    "tests_total",
    "tests_failed",
    "tests_skipped",
    "coverage",
    "url",
    "number",
    "base_sha",
    "base_known",
)
_get = attrgetter(*_RUN)
_UPDATED = _RUN.index("updated_at")
_NUMBERS = _RUN.index("change_numbers")
_BASE = (_RUN.index("base_sha"), _RUN.index("base_known"))
#: What comes in another answer than the run itself.
_TOLD_SOMETIMES = tuple(
    _RUN.index(name)
    for name in (
        "parent_id",
        "tests_total",
        "tests_failed",
        "tests_skipped",
        "coverage",
        "number",
        "base_sha",
        "base_known",
    )
)


def write(page: Page, records: Iterable[PipelineRun]) -> None:
    """Attempts of runs.

    An older record never undoes a newer row, and what an answer leaves out of the test totals
    never blanks what another told. The vendor empties `change_numbers`, and tells no base any more,
    when a change is merged: what was told stays.
    """
    mine: dict[tuple[str, int], list[Any]] = {}
    for one in records:
        key = (one.source_id, one.attempt)
        values = _values(one)
        before = mine.get(key)
        if before is None:
            mine[key] = values
        elif not older(values[_UPDATED], before[_UPDATED]):
            _keep(values, before)
            mine[key] = values
    known = {
        row[:2]: row
        for row in page.known(
            pipeline_run, (*_RUN, "content_hash", "gone_at"), {id_ for id_, _ in mine}
        )
    }
    rows: list[tuple[Any, ...]] = []
    for key, values in mine.items():
        held = known.get(key)
        if held is not None:
            if older(values[_UPDATED], held[_UPDATED]):
                continue
            _keep(values, held)
        cleaned, digest = hashed(values)
        if held is None or not same(held[-2], digest) or page.is_back(held[-1]):
            rows.append((page.connection_id, *cleaned, page.now, None, None, digest))
    columns = ("connection_id", *_RUN, *PRESENCE)
    page.rows += page.upsert(pipeline_run, columns, (*_RUN[2:], *PRESENCE[1:]), rows)
    page.note(Kind.RUN, {row[1] for row in rows})


def _values(one: PipelineRun) -> list[Any]:
    values = [value.value if hasattr(value, "value") else value for value in _get(one)]
    values[_NUMBERS] = sorted(one.change_numbers)
    return values


def _keep(values: list[Any], before: Sequence[Any]) -> None:
    for i in _TOLD_SOMETIMES:
        if values[i] is None:
            values[i] = before[i]
    values[_NUMBERS] = values[_NUMBERS] or before[_NUMBERS]
    if before[_BASE[0]] is not None:
        # A run is built once; what is told later may be the base of another time.
        for i in _BASE:
            values[i] = before[i]
