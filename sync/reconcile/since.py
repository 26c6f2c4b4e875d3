"""What became of findings between two reconciliations, over all those that lie in between."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from sync.ledger import baseline as baselines
from sync.reconcile import findings
from sync.reconcile.contract import Finding, FindingState, Reconciliation
from sync.reconcile.findings import Run
from sync.reconcile.flaps import FLAPS
from sync.reconcile.life import order
from sync.reconcile.runner import fence_moves, restated
from sync.store import schema
from sync.store.open import Store

#: Steps that are news of the world where they have no reason of ours.
_NEWS = frozenset(
    one.value
    for one in (
        FindingState.NEW,
        FindingState.REGRESSED,
        FindingState.WORSENED,
        FindingState.IMPROVED,
        FindingState.RESOLVED,
    )
)
#: Steps with a reason that says nothing of who moved the number.
_NO_WORD = frozenset((FindingState.NOT_CHECKED.value, FindingState.SUPPRESSED.value))


@dataclass(frozen=True, slots=True)
class Since:
    """What a reader who knows the earlier one has to be told."""

    #: resolved in between, in the world, worst first.
    resolved: tuple[Finding, ...]
    #: fingerprints that moved because of us alone: neither new, worse, better nor resolved.
    silent: frozenset[str]
    #: why numbers moved because of us.
    restated: tuple[str, ...]
    #: plans that a person agreed to, in words.
    agreed: tuple[str, ...]


def since(store: Store, result: Reconciliation, run_id: int) -> Since | None:
    """What became of findings after reconciliation `run_id`, up to the one that is told.

    None where one of the two is not stored.
    """
    with store.reading() as conn:
        runs = findings.runs_between(conn, run_id, result.run_id)
        if len(runs) < 2 or (runs[0].id, runs[-1].id) != (run_id, result.run_id):
            return None
        first, last = runs[0], runs[-1]
        silent, over = _steps(conn, first, last)
        held = findings.known_after(conn, last)
        gone = [
            held[fingerprint].finding
            for fingerprint in over
            if fingerprint in held and held[fingerprint].finding.state is FindingState.RESOLVED
        ]
        return Since(
            resolved=tuple(sorted(gone, key=order)),
            silent=silent,
            restated=tuple(dict.fromkeys(_restated(conn, runs))),
            agreed=tuple(dict.fromkeys(_agreed(conn, result, first.at, last.at))),
        )


def _steps(conn: sa.Connection, first: Run, last: Run) -> tuple[frozenset[str], tuple[str, ...]]:
    """(moved because of us alone, resolved in the world), from the lives of findings."""
    e = schema.finding_event.c
    return sorted_out(
        (row.fingerprint, row.to_state, row.reason)
        for row in conn.execute(
            sa.select(e.fingerprint, e.to_state, e.reason)
            .where(e.reconcile_run_id > first.id, e.reconcile_run_id <= last.id)
            .order_by(e.id)
        )
    )


def sorted_out(
    steps: Iterable[tuple[str, str, str | None]],
) -> tuple[frozenset[str], tuple[str, ...]]:
    """(moved because of us alone, resolved in the world) of (fingerprint, new state, reason)."""
    ours: set[str] = set()
    news: set[str] = set()
    over: dict[str, bool] = {}
    for fingerprint, state, reason in steps:
        if state in _NEWS and reason is None:
            news.add(fingerprint)
        elif reason not in (None, FLAPS) and state not in _NO_WORD:
            ours.add(fingerprint)
        over[fingerprint] = state == FindingState.RESOLVED.value and reason is None
    return frozenset(ours - news), tuple(sorted(one for one, told in over.items() if told))


def _restated(conn: sa.Connection, runs: Iterable[Run]) -> Iterable[str]:
    before: Run | None = None
    first: Run | None = None
    for run in runs:
        yield from restated(before, run)
        first, before = first or run, run
    if first is not None and before is not None:
        yield from fence_moves(conn, first, before)


def _agreed(
    conn: sa.Connection, result: Reconciliation, after: datetime, until: datetime
) -> Iterable[str]:
    """As the reconciliation says it of the last step, for all of them."""
    c = schema.connection.c
    names = {row.id: row.name for row in conn.execute(sa.select(c.id, c.name))}
    made = baselines.stored(conn, None, until)
    accepted = {
        (names.get(key[0], ""), key[1], key[2])
        for key, held in made.items()
        if any(one.accepted and after < one.created_at <= until for one in held)
    }
    yield from result.agreed
    told = " ".join(result.agreed)
    for line in result.milestones:
        if (line.connection, line.kind, line.source_id) in accepted and line.name not in told:
            yield f"somebody agreed to the plan of {line.name}"
