"""Entries of the suppressions file as answers to the findings that they match; pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase

from sync.errors import ConfigError
from sync.reconcile.answers import LONGEST_DAYS, in_force
from sync.reconcile.contract import Answer, AnswerEnd, Severity, Suppression
from sync.reconcile.words import day

FILE = "file"


@dataclass(frozen=True, slots=True)
class Target:
    """An open finding as an entry sees it."""

    fingerprint: str
    detector: str
    subject: str
    milestone: str | None
    severity: Severity
    magnitude: float


@dataclass(frozen=True, slots=True)
class Matched:
    """What the file changes with this run."""

    added: tuple[Answer, ...]
    #: answers of entries that are not in the file any more.
    withdrawn: tuple[Answer, ...]
    #: entries that say nothing any more, a sentence each.
    lines: tuple[str, ...]


def entry_id(one: Suppression) -> str:
    """Identity of an entry: another reason, author or end makes another one."""
    said = [
        one.kind.value,
        one.fingerprint,
        one.detector,
        one.milestone,
        one.subject,
        one.reason,
        one.author,
        one.expires.isoformat(),
        one.ticket,
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def match(
    entries: Sequence[Suppression],
    targets: Iterable[Target],
    answers: Sequence[Answer],
    *,
    today: date,
    at: datetime,
) -> Matched:
    """What the entries say of the open findings; the first entry that matches one counts.

    What a person answered by command or mail goes before the file while it holds. Raises
    ConfigError for entries that end later than an answer may.
    """
    late = [
        f"{one.where}: expires: {one.expires.isoformat()} is more than {LONGEST_DAYS} days away; "
        "look again sooner"
        for one in entries
        if (one.expires - today).days > LONGEST_DAYS
    ]
    if late:
        raise ConfigError("\n".join(late))
    held = in_force(answers, at)
    of_entry: dict[str, list[Answer]] = {}
    for one in answers:
        if one.source == FILE and one.entry:
            of_entry.setdefault(one.entry, []).append(one)
    found = sorted(targets, key=lambda one: one.fingerprint)
    added: dict[str, Answer] = {}
    lines = []
    present = {entry_id(one) for one in entries}
    for entry in entries:
        if entry.expires < today:
            lines.append(
                f"{entry.where}: this suppression ended on {day(entry.expires)}: take it out, or "
                "look again and give it another date."
            )
            continue
        mine = of_entry.get(entry_id(entry), ())
        over = next((one for one in mine if one.end is AnswerEnd.LAPSED), None)
        if over is not None:
            lines.append(
                f"{entry.where}: this suppression lapsed ({over.ended_reason}): take it out."
            )
            continue
        hits = [one for one in found if matches(entry, one)]
        if not hits:
            lines.append(
                f"{entry.where}: this suppression matches no open finding: take it out if it is "
                "not needed any more."
            )
        for target in hits:
            current = held.get(target.fingerprint)
            stands = current is not None and (current.source != FILE or current.entry in present)
            if not stands and target.fingerprint not in added:
                added[target.fingerprint] = _answer(entry, target, at)
    withdrawn = tuple(
        one for one in held.values() if one.source == FILE and one.entry not in present
    )
    return Matched(tuple(added.values()), withdrawn, tuple(lines))


def matches(entry: Suppression, target: Target) -> bool:
    """Whether an entry speaks of a finding."""
    if entry.fingerprint is not None:
        return target.fingerprint.startswith(entry.fingerprint)
    return (
        (entry.detector is None or fnmatchcase(target.detector, entry.detector))
        and (entry.milestone is None or _alike(target.milestone, entry.milestone))
        and (entry.subject is None or _alike(target.subject, entry.subject))
    )


def _alike(name: str | None, pattern: str) -> bool:
    return name is not None and fnmatchcase(name.casefold(), pattern.casefold())


def _answer(entry: Suppression, target: Target, at: datetime) -> Answer:
    return Answer(
        fingerprint=target.fingerprint,
        detector=target.detector,
        kind=entry.kind,
        author=entry.author,
        at=at,
        severity=target.severity,
        magnitude=target.magnitude,
        reason=entry.reason,
        until=entry.expires,
        ticket=entry.ticket,
        source=FILE,
        entry=entry_id(entry),
    )


def replaced(held: Mapping[str, Answer], matched: Matched) -> dict[str, Answer]:
    """Answers in force with what the file changes."""
    gone = {one.id for one in matched.withdrawn}
    kept = {key: one for key, one in held.items() if one.id not in gone}
    return {**kept, **{one.fingerprint: one for one in matched.added}}
