"""What two reconciliations of the same store find otherwise; pure."""

from dataclasses import dataclass

from sync.reconcile.contract import Channel, Finding, FindingState, Reconciliation, Severity


@dataclass(frozen=True, slots=True)
class Line:
    """A finding in one line."""

    fingerprint: str
    detector: str
    rule: str
    severity: Severity
    channel: Channel
    title: str
    what: str
    #: why it is not there, where that is known.
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """The same finding with another level or in other words."""

    fingerprint: str
    before: Line
    after: Line


@dataclass(frozen=True, slots=True)
class Difference:
    """Findings by fingerprint, worst first."""

    added: tuple[Line, ...]
    removed: tuple[Line, ...]
    changed: tuple[Changed, ...]
    #: findings that are there in both, and alike.
    unchanged: int


def difference(before: Reconciliation, after: Reconciliation) -> Difference:
    """What only one of them shows, and what both show otherwise.

    A finding that another one holds back, or that cannot be checked any more, is removed, and the
    reason is told.
    """
    was, now = _shown(before), _shown(after)
    reasons = {one.fingerprint: f"held back: {one.suppressed}" for one in after.suppressed}
    reasons |= {
        one.fingerprint: "not checked any more"
        for one in after.findings
        if one.fingerprint not in now
    }
    changed = [
        Changed(key, _line(was[key]), _line(now[key]))
        for key in was
        if key in now and _said(was[key]) != _said(now[key])
    ]
    return Difference(
        added=tuple(_line(one) for key, one in now.items() if key not in was),
        removed=tuple(_line(one, reasons.get(key)) for key, one in was.items() if key not in now),
        changed=tuple(changed),
        unchanged=sum(key in now for key in was) - len(changed),
    )


def _shown(result: Reconciliation) -> dict[str, Finding]:
    return {
        one.fingerprint: one
        for one in result.findings
        if one.channel is not Channel.OFF and one.state is not FindingState.NOT_CHECKED
    }


def _said(one: Finding) -> tuple[object, ...]:
    return (one.severity, one.channel, one.title, one.what)


def _line(one: Finding, why: str | None = None) -> Line:
    return Line(
        one.fingerprint,
        one.detector,
        one.rule,
        one.severity,
        one.channel,
        one.title,
        one.what,
        why,
    )
