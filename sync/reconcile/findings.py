"""Findings and runs in the store: the one place that writes them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sync.reconcile.contract import Channel, Evidence, Finding, FindingState, Severity
from sync.reconcile.flaps import FLAPS
from sync.reconcile.life import Known, Seen, Verdict, order
from sync.store import past, schema
from sync.store.open import Store

#: Under this name a run's coverage keeps what it says of the suppressions file.
TOLD = "suppressions"


@dataclass(frozen=True, slots=True)
class Run:
    """One reconciliation; instants in UTC."""

    id: int
    at: datetime
    as_of: datetime
    config_hash: str
    mapping_version: str
    program_version: str
    #: {detector: {"state", "subjects": {subject: [label, reason]}}}.
    coverage: Mapping[str, Any]

    @property
    def told(self) -> tuple[str, ...]:
        """Lines of hygiene that this run found and another one may not."""
        return tuple(self.coverage.get(TOLD, {}).get("lines", ()))

    @property
    def listed(self) -> tuple[tuple[str, str, str], ...]:
        """What was not judged: (detector, subject label, reason)."""
        return tuple(
            sorted(
                (detector, label, reason)
                for detector, one in self.coverage.items()
                for label, reason in one.get("subjects", {}).values()
            )
        )


def last_runs(conn: sa.Connection, number: int, *, until: datetime | None = None) -> list[Run]:
    """The newest reconciliations, newest first; `until` (UTC): those made by then."""
    t = schema.reconcile_run
    such = sa.true() if until is None else t.c.at <= until
    rows = conn.execute(sa.select(t).where(such).order_by(t.c.id.desc()).limit(number))
    return [_run(row) for row in rows]


def runs_between(conn: sa.Connection, first: int, last: int) -> list[Run]:
    """The reconciliations of these numbers and those in between, oldest first."""
    t = schema.reconcile_run
    rows = conn.execute(sa.select(t).where(t.c.id.between(first, last)).order_by(t.c.id))
    return [_run(row) for row in rows]


def _run(row: Any) -> Run:
    return Run(
        row.id,
        row.at,
        row.as_of,
        row.config_hash,
        row.mapping_version,
        row.program_version,
        row.coverage,
    )


def insert_run(conn: sa.Connection, run: Run) -> Run:
    """Store it; the run with its number."""
    id_ = conn.execute(
        sa.insert(schema.reconcile_run)
        .values(
            at=run.at,
            as_of=run.as_of,
            config_hash=run.config_hash,
            mapping_version=run.mapping_version,
            program_version=run.program_version,
            coverage=dict(run.coverage),
        )
        .returning(schema.reconcile_run.c.id)
    ).scalar_one()
    return replace(run, id=int(id_))


def known(conn: sa.Connection) -> dict[str, Known]:
    """All findings ever, by fingerprint."""
    return {row.fingerprint: _known(row) for row in _rows(conn, schema.finding)}


def known_after(conn: sa.Connection, run: Run) -> dict[str, Known]:
    """All findings as that reconciliation left them, by fingerprint."""
    former, e = schema.PAST[schema.finding.name], schema.finding_event.c
    later = former.alias("later")
    first = sa.select(sa.func.min(later.c.until_run_id)).where(
        later.c.fingerprint == former.c.fingerprint, later.c.until_run_id > run.id
    )
    rows = {row.fingerprint: row for row in _rows(conn, schema.finding)}
    # What a later one overwrote first stood until then.
    is_former = former.c.until_run_id == first.correlate(former).scalar_subquery()
    rows.update((row.fingerprint, row) for row in _rows(conn, former, is_former))
    # Each begins its life with a step.
    begun = set(
        conn.execute(sa.select(e.fingerprint).where(e.reconcile_run_id <= run.id)).scalars()
    )
    found = {id_: _known(row) for id_, row in sorted(rows.items()) if id_ in begun}
    return {id_: _seen_in(run, one) for id_, one in found.items()}


def _seen_in(run: Run, one: Known) -> Known:
    """Seen once more and not otherwise than before is no other row."""
    unseen = (FindingState.RESOLVED, FindingState.NOT_CHECKED)
    if one.finding.state in unseen:
        return one
    return replace(one, finding=replace(one.finding, last_seen_at=run.as_of))


def _rows(conn: sa.Connection, table: sa.Table, *such: sa.ColumnElement[bool]) -> Iterable[Any]:
    c = schema.connection
    return conn.execute(
        sa.select(table, c.c.name.label("connection_name"))
        .outerjoin(c, c.c.id == table.c.connection_id)
        .where(*such)
        .order_by(table.c.fingerprint)
    )


def stored(store: Store, *, resolved: bool = False) -> tuple[Finding, ...]:
    """Findings as the newest reconciliation left them, worst first; resolved ones if asked for."""
    with store.reading() as conn:
        found = known(conn).values()
    return tuple(sorted((one.finding for one in found if resolved or one.is_open), key=order))


def _known(row: Any) -> Known:
    words: Mapping[str, Any] = row.words
    state = FindingState(row.state)
    # What is not seen any more keeps the level it had.
    unseen = state in (FindingState.RESOLVED, FindingState.NOT_CHECKED)
    previous = row.severity if unseen else words.get("previous_severity")
    return Known(
        finding=Finding(
            fingerprint=row.fingerprint,
            detector=row.detector,
            rule=row.rule or "",
            subject=row.subject,
            subject_label=words["subject_label"],
            severity=Severity(row.severity),
            state=state,
            channel=Channel(row.channel),
            magnitude=row.magnitude or 0.0,
            title=row.title,
            what=words["what"],
            so_what=words["so_what"],
            who=words["who"],
            by_when=words["by_when"],
            remedy=words["remedy"],
            evidence=tuple(_evidence(one) for one in row.evidence),
            first_seen_at=row.first_seen_at,
            last_seen_at=row.last_seen_at,
            connection=row.connection_name,
            milestone_label=words.get("milestone_label"),
            resolved_at=row.resolved_at,
            previous_severity=Severity(previous) if previous else None,
            voices=words.get("voices", {}),
            suppressed=row.suppressed_reason if state is FindingState.SUPPRESSED else None,
            owner=words.get("owner"),
        ),
        anchor=words.get("anchor", row.magnitude or 0.0),
        evidence_hash=row.evidence_hash,
        connection_id=row.connection_id,
        milestone=(row.milestone_kind, row.milestone_id) if row.milestone_kind else None,
        words=words,
        told=words.get("told", True),
    )


def _evidence(one: Mapping[str, Any]) -> Evidence:
    return Evidence(
        text=one["text"],
        url=one.get("url"),
        at=datetime.fromisoformat(one["at"]) if one.get("at") else None,
        source=one.get("source"),
        restricted=bool(one.get("restricted")),
    )


def _plain(one: Evidence) -> dict[str, Any]:
    return {
        "text": one.text,
        "url": one.url,
        "at": one.at.isoformat() if one.at else None,
        "source": one.source,
        "restricted": one.restricted,
    }


def _words(seen: Seen, verdict: Verdict, finding: Finding) -> dict[str, Any]:
    """What is stored of it beside its columns."""
    previous = finding.previous_severity
    return {
        **{k: v for k, v in seen.words.items() if k != "title"},
        "anchor": verdict.anchor,
        "subject_label": seen.subject_label,
        "milestone_label": seen.milestone_label,
        "previous_severity": previous.value if previous else None,
        **({"voices": seen.voices} if seen.voices else {}),
        **({} if verdict.told else {"told": False}),
        **({"stood": verdict.stood} if verdict.stood else {}),
        **({"back": True} if verdict.back else {}),
        **({"owner": seen.owner} if seen.owner else {}),
    }


def carried(
    before: Mapping[str, Known],
    seen: Iterable[tuple[Seen, Verdict, Finding]],
    unseen: Iterable[Finding],
) -> dict[str, Known]:
    """What `known` would give after these were saved, without saving them."""
    found = dict(before)
    for one, verdict, finding in seen:
        milestone = one.found.milestone
        found[one.fingerprint] = Known(
            finding=replace(finding, answer=None),
            anchor=verdict.anchor,
            evidence_hash=one.evidence_hash,
            connection_id=one.found.connection_id,
            milestone=(milestone[0].value, milestone[1]) if milestone else None,
            words=_words(one, verdict, finding),
            told=verdict.told,
        )
    for finding in unseen:
        held = found[finding.fingerprint]
        found[finding.fingerprint] = replace(
            held,
            finding=replace(
                held.finding,
                state=finding.state,
                resolved_at=finding.resolved_at,
                suppressed=None,
                previous_severity=held.finding.severity,
            ),
        )
    return found


def save_seen(conn: sa.Connection, run: Run, rows: Iterable[tuple[Seen, Verdict, Finding]]) -> None:
    """Insert or overwrite what is there now; what another run said of it stays readable."""
    t = schema.finding
    held = {row.fingerprint: row for row in conn.execute(sa.select(t))}
    added, changed = [], []
    otherwise: list[str] = []
    for seen, verdict, finding in rows:
        values = {
            "detector": seen.detector,
            "rule": seen.found.rule or None,
            "connection_id": seen.found.connection_id,
            "subject": finding.subject,
            "milestone_kind": seen.found.milestone[0].value if seen.found.milestone else None,
            "milestone_id": seen.found.milestone[1] if seen.found.milestone else None,
            "severity": finding.severity.value,
            "state": finding.state.value,
            "channel": finding.channel.value,
            "magnitude": finding.magnitude,
            "title": finding.title,
            "words": _words(seen, verdict, finding),
            "evidence": [_plain(one) for one in finding.evidence],
            "evidence_hash": seen.evidence_hash,
            "first_seen_at": finding.first_seen_at,
            "last_seen_at": finding.last_seen_at,
            "resolved_at": None,
            "suppressed_reason": verdict.suppressed,
        }
        before = held.get(seen.fingerprint)
        if before is not None:
            if _differs(before, values):
                otherwise.append(seen.fingerprint)
            bound = {f"b_{name}": value for name, value in values.items()}
            changed.append({"b_fingerprint": seen.fingerprint, **bound})
        else:
            added.append({"fingerprint": seen.fingerprint, **values})
    past.keep_findings(conn, run.id, otherwise)
    if added:
        conn.execute(sa.insert(t), added)
    if changed:
        # A bound value may not carry the name of a column.
        names = [name[2:] for name in changed[0] if name != "b_fingerprint"]
        conn.execute(
            sa.update(t)
            .where(t.c.fingerprint == sa.bindparam("b_fingerprint"))
            .values({name: sa.bindparam(f"b_{name}") for name in names}),
            changed,
        )


def _differs(row: Any, values: Mapping[str, Any]) -> bool:
    """Whether more than the instant of the last look is another one."""
    return any(getattr(row, name) != value for name, value in values.items() if name not in _LOOKS)


_LOOKS = frozenset({"last_seen_at"})


def save_unseen(conn: sa.Connection, run: Run, rows: Iterable[Finding]) -> None:
    """State of what is not there now; what it was before stays readable."""
    t = schema.finding
    given = list(rows)
    held = {
        row.fingerprint: (row.state, row.resolved_at)
        for row in conn.execute(sa.select(t.c.fingerprint, t.c.state, t.c.resolved_at))
    }
    past.keep_findings(
        conn,
        run.id,
        [
            one.fingerprint
            for one in given
            if held.get(one.fingerprint) != (one.state.value, one.resolved_at)
        ],
    )
    values = [
        {
            "b_fingerprint": one.fingerprint,
            "b_state": one.state.value,
            "b_resolved_at": one.resolved_at,
        }
        for one in given
    ]
    if values:
        conn.execute(
            sa.update(t)
            .where(t.c.fingerprint == sa.bindparam("b_fingerprint"))
            .values(state=sa.bindparam("b_state"), resolved_at=sa.bindparam("b_resolved_at")),
            values,
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One change in the life of a finding."""

    fingerprint: str
    from_state: FindingState | None
    to_state: FindingState
    severity: Severity
    reason: str | None = None


def insert_steps(conn: sa.Connection, run: Run, steps: Iterable[Step]) -> None:
    """Keep what changed in this run."""
    values = [
        {
            "fingerprint": one.fingerprint,
            "reconcile_run_id": run.id,
            "at": run.at,
            "from_state": one.from_state.value if one.from_state else None,
            "to_state": one.to_state.value,
            "severity": one.severity.value,
            "author": None,
            "reason": one.reason,
        }
        for one in steps
    ]
    if values:
        conn.execute(sa.insert(schema.finding_event), values)


def flips(conn: sa.Connection, at: datetime) -> dict[str, list[datetime]]:
    """When findings went away or came back in the world, by fingerprint, up to an instant (UTC).

    What was never told, or moved because of us, neither came nor went.
    """
    e = schema.finding_event.c
    moved = sa.or_(e.to_state.in_(("resolved", "regressed")), e.from_state == "resolved")
    rows = conn.execute(
        sa.select(e.fingerprint, e.at)
        .where(moved, e.at <= at, sa.or_(e.reason.is_(None), e.reason == FLAPS))
        .order_by(e.id)
    )
    found: dict[str, list[datetime]] = {}
    for row in rows:
        found.setdefault(row.fingerprint, []).append(row.at)
    return found


#: Reason of a step that is told as restated and not as a change.
SILENT = "restated"


def silent(conn: sa.Connection, run: Run) -> frozenset[str]:
    """Findings whose step in this run is no change of the world."""
    c = schema.finding_event.c
    return frozenset(
        conn.execute(
            sa.select(c.fingerprint).where(
                c.reconcile_run_id == run.id, c.reason.is_not(None), c.to_state == "resolved"
            )
        ).scalars()
    )
