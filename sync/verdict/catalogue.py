"""The checks of a repository: what each is called, and which count as tests.

A check is told from its namesakes by its workflow, stage or app. Where a run's workflow is not told
and one workflow only is known to have a check of this name, it is that one: taken for another
check, an old failure would outlive the success of its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from mappings.vocabulary import CheckSource
from sync.store import tables_code as code
from sync.store.tables_judged import test_check
from sync.verdict.classify import CheckName, TestCheck, classify


class Kind(NamedTuple):
    """Results of one repository that are told alike, and how many there are."""

    source: str
    name: str
    app: str | None
    #: stage of a job, or its workflow.
    stage: str | None
    #: it belongs to a run.
    of_run: bool
    results: int
    #: the most tests that one of them executed.
    most_tests: int | None
    #: newest instant of any of them (UTC).
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Named:
    """A check of a repository, and whether it counts as a test."""

    #: name, with its workflow or stage where another check has the same name.
    label: str
    name: str
    test: TestCheck
    #: results of it that are held.
    results: int
    #: workflows or stages it runs in.
    stages: frozenset[str] = frozenset()
    last: datetime | None = None


@dataclass(slots=True)
class Catalogue:
    """Names of checks; pure."""

    #: what a person said, by label.
    confirmed: Mapping[str, bool] = field(default_factory=dict)
    named: tuple[Named, ...] = ()
    _stages: dict[str, set[str]] = field(default_factory=dict)
    _around: dict[str, set[str]] = field(default_factory=dict)
    _counting: frozenset[str] = frozenset()

    @property
    def counting(self) -> frozenset[str]:
        """Labels of the checks that count as tests."""
        return self._counting

    @property
    def names(self) -> frozenset[str]:
        """Labels and names of tests, those too that a person alone knows of."""
        said = {name for name, word in self.confirmed.items() if word}
        return self._counting | said | {one.name for one in self.named if one.test.is_test}

    def standing(self) -> list[tuple[object, ...]]:
        """What changes of the whole repository are judged by."""
        return [
            (one.label, one.test.is_test, sorted(one.stages), sorted(self._around[one.name]))
            for one in self.named
        ]

    def label(self, name: str, app: str | None, stage: str | None, *, of_run: bool) -> str:
        """What this check is called here."""
        around = self.stage(name, stage, of_run=of_run) or app or ""
        alone = self._around.get(name, set()) <= {around}
        return name if alone or not around else f"{name} [{around}]"

    def stage(self, name: str, stage: str | None, *, of_run: bool) -> str | None:
        """Its workflow or stage, or the only one that its name is known from."""
        stages = self._stages.get(name, ())
        return min(stages) if of_run and not stage and len(stages) == 1 else stage


def of(kinds: Iterable[Kind], confirmed: Mapping[str, bool]) -> Catalogue:
    """The checks among results, and which are tests by a person's word, else by their names."""
    every = sorted(kinds, key=lambda one: (one.name, one.source, one.app or "", one.stage or ""))
    found = Catalogue(confirmed)
    for one in every:
        if one.of_run and one.stage:
            found._stages.setdefault(one.name, set()).add(one.stage)
    for one in every:
        around = found.stage(one.name, one.stage, of_run=one.of_run) or one.app or ""
        found._around.setdefault(one.name, set()).add(around)
    by_label: dict[str, list[Kind]] = {}
    for one in every:
        label = found.label(one.name, one.app, one.stage, of_run=one.of_run)
        by_label.setdefault(label, []).append(one)
    found.named = tuple(_named(found, label, mine) for label, mine in sorted(by_label.items()))
    found._counting = frozenset(one.label for one in found.named if one.test.is_test)
    return found


def _named(found: Catalogue, label: str, mine: list[Kind]) -> Named:
    first = mine[0]
    app = next((one.app for one in mine if one.app), None)
    stages = [found.stage(one.name, one.stage, of_run=one.of_run) for one in mine]
    stage = next((one for one in stages if one), None)
    # Spoken of while another check had its name, it was called by its surroundings too.
    full = f"{first.name} [{stage or app}]"
    said = found.confirmed
    word = next((said[one] for one in (label, full, first.name) if one in said), None)
    test = classify(
        CheckName(first.name, app, stage, has_report=any(one.most_tests for one in mine)),
        {} if word is None else {first.name: word},
    )
    # A job and the check run that shows it are one result, told in two places.
    by_source: dict[str, int] = {}
    for one in mine:
        by_source[one.source] = by_source.get(one.source, 0) + one.results
    statuses = by_source.pop(CheckSource.STATUS.value, 0)
    return Named(
        label,
        first.name,
        test,
        max(by_source.values(), default=0) + statuses,
        frozenset(one for one in stages if one),
        max((one.last for one in mine if one.last is not None), default=None),
    )


def kinds(conn: sa.Connection, repository: tuple[int, str]) -> list[Kind]:
    """What results of a repository there are, as groups."""
    c, r = code.check_result.c, code.pipeline_run.c
    # A check run by REST names its run alone, and jobs may be not read or not asked for.
    workflow = (
        sa.select(sa.func.max(r.name))
        .where(r.connection_id == c.connection_id, r.source_id == c.run_id)
        .scalar_subquery()
    )
    is_check_run = c.source == CheckSource.CHECK_RUN.value
    stage = sa.case(
        (sa.and_(is_check_run, c.stage.is_(None), c.run_id.is_not(None)), workflow),
        else_=c.stage,
    ).label("stage")
    told = (
        sa.select(
            c.source,
            c.name,
            c.app,
            stage,
            c.run_id.is_not(None).label("of_run"),
            c.tests_total,
            sa.func.coalesce(c.finished_at, c.started_at, c.created_at).label("at"),
        )
        .where(
            c.connection_id == repository[0],
            c.scope_id == repository[1],
            c.known_to.is_(None),
        )
        .subquery()
    )
    t = told.c
    rows = conn.execute(
        sa.select(
            t.source,
            t.name,
            t.app,
            t.stage,
            t.of_run,
            sa.func.count(),
            sa.func.max(t.tests_total),
            sa.type_coerce(sa.func.max(t.at), c.finished_at.type),
        ).group_by(t.source, t.name, t.app, t.stage, t.of_run)
    )
    return [Kind(*row) for row in rows]


def confirmed(conn: sa.Connection, repository: tuple[int, str]) -> dict[str, bool]:
    """What a person said about the checks of a repository, by their label."""
    c = test_check.c
    rows = conn.execute(
        sa.select(c.name, c.is_test).where(
            c.connection_id == repository[0],
            c.scope_id == repository[1],
            c.known_to.is_(None),
            c.confirmed_by.is_not(None),
        )
    )
    return {row.name: bool(row.is_test) for row in rows}


def catalogue(conn: sa.Connection, repository: tuple[int, str]) -> Catalogue:
    """The checks of a repository as they are known now."""
    return of(kinds(conn, repository), confirmed(conn, repository))
