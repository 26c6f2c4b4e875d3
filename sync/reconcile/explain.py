"""All that is known of one finding or detector: proof, life, rule."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sync.errors import UsageError
from sync.reconcile import answers_kept, findings, registry
from sync.reconcile.contract import Answer, Detector, Finding, Policy
from sync.reconcile.proof import Trace, traces
from sync.store import schema
from sync.store.open import Store


@dataclass(frozen=True, slots=True)
class LifeEvent:
    """One change in the life of a finding; the instant in UTC."""

    at: datetime
    from_state: str | None
    to_state: str
    severity: str
    author: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A finding with its proof and its life, and the rule it comes from."""

    finding: Finding
    life: tuple[LifeEvent, ...]
    #: name of the detector; its id where it is not installed any more.
    detector_name: str
    #: what the rule inside the detector says.
    rule: str
    #: threshold -> (value in force, meaning).
    thresholds: Mapping[str, tuple[Any, str]] = field(default_factory=dict)
    #: what people answered to it, oldest first, what ended too.
    answers: tuple[Answer, ...] = ()
    #: what it rests on, back to what the source sent.
    traces: tuple[Trace, ...] = ()


def explain(store: Store, prefix: str, policy: Policy | None = None) -> Explanation:
    """The finding whose fingerprint begins with `prefix`.

    Raises UsageError where none or more than one does. Without a `policy` the detector's own
    thresholds are told.
    """
    wanted = prefix.strip().lower()
    with store.reading() as conn:
        known = findings.known(conn)
        matches = [key for key in known if wanted and key.startswith(wanted)]
        if not matches:
            raise UsageError(
                "no finding has this fingerprint",
                where=prefix,
                todo="Run `driftline findings list` to see them.",
            )
        if len(matches) > 1:
            raise UsageError(
                f"{len(matches)} findings begin like this",
                where=prefix,
                todo=f"Write one more character of: {', '.join(matches[:5])}.",
            )
        (key,) = matches
        life = tuple(_life(conn, key))
        given = answers_kept.load(conn, key)
        traced = traces(conn, known[key].finding, known[key].connection_id)
    finding = known[key].finding
    detector = registry.catalogue().get(finding.detector)
    return Explanation(
        finding=finding,
        life=life,
        detector_name=detector.name if detector is not None else finding.detector,
        rule=detector.rules.get(finding.rule, "") if detector is not None else "",
        thresholds=_thresholds(detector, policy) if detector is not None else {},
        answers=given,
        traces=traced,
    )


def _thresholds(detector: Detector, policy: Policy | None) -> dict[str, tuple[Any, str]]:
    values = registry.thresholds(detector, policy or Policy())
    return {name: (values[name], detector.explain.get(name, "")) for name in sorted(values)}


def _life(conn: sa.Connection, fingerprint: str) -> list[LifeEvent]:
    c = schema.finding_event.c
    rows = conn.execute(
        sa.select(schema.finding_event).where(c.fingerprint == fingerprint).order_by(c.id)
    )
    return [
        LifeEvent(row.at, row.from_state, row.to_state, row.severity, row.author, row.reason)
        for row in rows
    ]
