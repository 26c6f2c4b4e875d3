"""Which findings are held back because another one already says why; pure.

A detector names the detectors that it yields to (`Detector.yields_to`). Its finding is suppressed
while one of theirs is there on what it is about, or on what that lies in. Nothing is dropped: a
suppressed finding is stored with the reason, counted, and told when its cause is gone.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sync.reconcile.contract import Channel, Severity

_WIDTH = {Channel.OFF: 0, Channel.DIGEST: 1, Channel.MAILED: 2}

#: Why a finding on a part of an epic is held back by the same finding on the epic.
_OF_EPIC = "it is part of the same finding on the epic above it"


@dataclass(frozen=True, slots=True)
class Signal:
    """What tells whether a finding holds another one back."""

    fingerprint: str
    detector: str
    rule: str
    connection_id: int | None
    subject: str
    severity: Severity
    channel: Channel
    #: detector -> why, of those whose findings hold this one back.
    yields_to: Mapping[str, str]
    #: subjects that this one's subject lies in: a repository, an epic, a milestone.
    within: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Why a finding is held back."""

    #: fingerprint of the finding that says it already.
    by: str
    reason: str


def suppressed(signals: Collection[Signal]) -> dict[str, Suppressed]:
    """Findings that are held back, by fingerprint.

    Whatever is held back has, over its causes, one that is not: findings that hold each other back
    in a circle leave the worst of them. A cause that fewer readers see than its effect (another
    channel) holds nothing back.
    """
    causes = _causes(signals)
    by_print = {one.fingerprint: one for one in signals}
    found: dict[str, Suppressed] = {}
    settled: set[str] = set()
    waiting = sorted(by_print, key=lambda key: (-by_print[key].severity.rank, key))
    # What has no cause is shown first; of a circle that nothing else reaches, its worst.
    roots = [key for key in waiting if not causes.get(key)]
    effects: dict[str, list[tuple[str, str]]] = {}
    for effect, mine in causes.items():
        for cause, reason in mine:
            effects.setdefault(cause, []).append((effect, reason))
    while len(settled) < len(by_print):
        if not roots:
            roots = [next(key for key in waiting if key not in settled)]
        settled.update(roots)
        edge = list(roots)
        while edge:
            cause = edge.pop(0)
            for effect, reason in sorted(effects.get(cause, ())):
                if effect not in settled:
                    settled.add(effect)
                    found[effect] = Suppressed(cause, reason)
                    edge.append(effect)
        roots = []
    return found


def _causes(signals: Collection[Signal]) -> dict[str, list[tuple[str, str]]]:
    """(cause, why) of each finding that has some, by fingerprint."""
    by_place: dict[tuple[int | None, str], list[Signal]] = {}
    for one in signals:
        by_place.setdefault((one.connection_id, one.subject), []).append(one)
    found: dict[str, list[tuple[str, str]]] = {}
    for effect in signals:
        for place in (effect.subject, *sorted(effect.within)):
            for cause in by_place.get((effect.connection_id, place), ()):
                reason = _why(cause, effect)
                if reason is not None:
                    found.setdefault(effect.fingerprint, []).append((cause.fingerprint, reason))
    return found


def _why(cause: Signal, effect: Signal) -> str | None:
    """Why `cause`, at a place of `effect`, holds it back; None: it does not."""
    if cause.fingerprint == effect.fingerprint or _WIDTH[cause.channel] < _WIDTH[effect.channel]:
        return None
    if cause.detector in effect.yields_to:
        return effect.yields_to[cause.detector]
    alike = (cause.detector, cause.rule) == (effect.detector, effect.rule)
    above = cause.subject.startswith("epic:") and cause.subject in effect.within
    # A part that is worse than its whole is told for itself.
    if alike and above and cause.severity.rank >= effect.severity.rank:
        return _OF_EPIC
    return None
