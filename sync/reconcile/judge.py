"""Run the detectors behind the gate, then say what became of each finding."""

import gc
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from mappings.vocabulary import MilestoneKind
from sync.ledger.milestones import Key
from sync.ledger.timeline import place
from sync.reconcile import answers, changes, inhibit, life, registry, routing
from sync.reconcile.answers import Held
from sync.reconcile.contract import (
    Answer,
    AnswerEnd,
    AnswerKind,
    Channel,
    Detector,
    Finding,
    FindingState,
    Found,
    NotChecked,
)
from sync.reconcile.findings import SILENT, Step
from sync.reconcile.flaps import FLAPS, flapping
from sync.reconcile.gate import Gate
from sync.reconcile.labels import Labels
from sync.reconcile.life import Known, Seen, Verdict
from sync.reconcile.persons import persons_of
from sync.reconcile.registry import Catalogue
from sync.reconcile.view import View

#: It speaks of our reading and not of the world: it is told at once, whatever was restated.
_OF_OUR_READING = "reading"
#: Detectors of this family measure against the agreed plan.
_OF_SCOPE = "scope."
#: Where names of the configuration that match nothing are listed.
NAMES = "milestones"


@dataclass(slots=True)
class Outcome:
    """What a run gathers."""

    seen: dict[str, Seen] = field(default_factory=dict)
    #: (detector, connection id, subject) -> (label, reason).
    unchecked: dict[tuple[str, int | None, str], tuple[str, str]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    shown: list[Finding] = field(default_factory=list)
    suppressed: list[Finding] = field(default_factory=list)
    resolved: list[Finding] = field(default_factory=list)
    seen_rows: list[tuple[Seen, Verdict, Finding]] = field(default_factory=list)
    unseen_rows: list[Finding] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    #: answers that end with this run.
    ended: list[tuple[Answer, answers.Ended]] = field(default_factory=list)

    def coverage(self) -> dict[str, Any]:
        """The run's coverage as it is stored."""
        found: dict[str, Any] = {
            id_: {"state": state, "subjects": {}} for id_, state in sorted(self.states.items())
        }
        for (id_, connection_id, subject), (label, reason) in sorted(
            self.unchecked.items(), key=lambda pair: (pair[0][0], pair[0][1] or 0, pair[0][2])
        ):
            one = found.setdefault(id_, {"state": "not_checked", "subjects": {}})
            one["subjects"][f"{connection_id or ''}/{subject}"] = [label, reason]
        return found

    def listed(self) -> tuple[tuple[str, str, str], ...]:
        """What was not judged: (detector, subject label, reason)."""
        return tuple(
            sorted((id_, label, reason) for (id_, _, _), (label, reason) in self.unchecked.items())
        )


@contextmanager
def _without_collector() -> Iterator[None]:
    """Records of a run hold no circles and stay: to look for some took a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            # Counted as old at once, as if it had been looked through.
            gc.freeze()
            gc.unfreeze()
            gc.enable()


@_without_collector()
def detect(view: View, known: Catalogue, outcome: Outcome) -> None:
    """Findings and what could not be judged, by detector."""
    gate, labels = Gate(view), Labels(view)
    persons = persons_of(view) if view.policy.name_people else {}
    for broken in known.broken:
        outcome.unchecked[broken.name, None, "*"] = ("everything", broken.reason)
    for named in view.names:
        if len(named.matches) != 1:
            number = len(named.matches)
            reason = (
                f"{number} milestones have this name" if number else "no milestone has this name"
            )
            outcome.unchecked[NAMES, None, named.text] = (named.text, reason)
    for detector in known.detectors:
        channel = view.policy.channels.get(detector.id, detector.channel)
        if channel is Channel.OFF:
            outcome.states[detector.id] = "off"
            continue
        outcome.states[detector.id] = "checked"
        results = _results(view, detector, outcome)
        labels.read_ahead((one.connection_id, one.subject) for one in results)
        view.teams(_items(results))
        for one in results:
            if isinstance(one, Found):
                _take(view, detector, one, gate, labels, persons, outcome)
            else:
                key = (detector.id, _connection_of(view, one), one.subject)
                outcome.unchecked[key] = (labels.label(key[1], one.subject), one.reason)
        _list_uncovered(view, detector, gate, labels, outcome)


def _results(view: View, detector: Detector, outcome: Outcome) -> list[Found | NotChecked]:
    thresholds = registry.thresholds(detector, view.policy)
    if detector in registry.BUILT_IN:
        return list(detector.detect(view, thresholds))
    try:
        return list(detector.detect(view, thresholds))
    except Exception as error:  # noqa: BLE001 - a plugin may fail in any way; the others work
        outcome.states[detector.id] = "not_checked"
        outcome.unchecked[detector.id, None, "*"] = (
            "everything",
            f"the detector failed: {type(error).__name__}: {error}",
        )
        return []


def _take(
    view: View,
    detector: Detector,
    found: Found,
    gate: Gate,
    labels: Labels,
    persons: Mapping[tuple[int, str], str],
    outcome: Outcome,
) -> None:
    """A finding, if its data is covered."""
    label = labels.label(found.connection_id, found.subject)
    reason = gate.reason(detector, found.connection_id, found.subject, found.milestone)
    if reason is not None:
        outcome.unchecked[detector.id, found.connection_id, found.subject] = (label, reason)
        return
    try:
        words, voices = life.words(detector, found), life.voices(detector, found)
        owned = _owned(view, found, persons)
        words["who"] = routing.who(words["who"], owned, name_people=view.policy.name_people)
    except (KeyError, IndexError, ValueError) as error:
        outcome.unchecked[detector.id, found.connection_id, found.subject] = (
            label,
            f"the detector's words cannot be filled in: {error}",
        )
        return
    connection = view.connections.get(found.connection_id or 0, (None, None))[0]
    fingerprint = life.fingerprint(detector.id, connection, found)
    channel = view.policy.channels.get(detector.id, found.channel or detector.channel)
    if channel is Channel.OFF:
        return
    if channel is Channel.MAILED and detector.id in view.policy.demoted:
        channel = Channel.DIGEST
    seen = Seen(
        fingerprint=fingerprint,
        detector=detector.id,
        found=found,
        connection=connection,
        channel=channel,
        words=words,
        evidence_hash=life.evidence_hash(found.evidence),
        subject_label=label,
        milestone_label=labels.milestone(found.connection_id, found.milestone),
        voices=voices,
        owner=routing.owner(owned, name_people=view.policy.name_people),
    )
    held = outcome.seen.get(fingerprint)
    if held is None or held.found.severity.rank < found.severity.rank:
        outcome.seen[fingerprint] = seen


def _items(results: Iterable[Found | NotChecked]) -> dict[int, list[str]]:
    """Items that findings are about, by connection."""
    found: dict[int, list[str]] = {}
    for one in results:
        about, _, id_ = one.subject.partition(":")
        if isinstance(one, Found) and about == "issue" and one.connection_id is not None:
            found.setdefault(one.connection_id, []).append(id_)
    return found


def _owned(view: View, found: Found, persons: Mapping[tuple[int, str], str]) -> routing.Facts:
    """Whose the item is that a finding is about, as far as it is told."""
    about, _, id_ = found.subject.partition(":")
    if about != "issue" or found.connection_id is None:
        return routing.Facts()
    key = (found.connection_id, id_)
    item = view.item_facts({key[0]: [id_]}).get(key) if persons else None
    account = item.assignee_id if item is not None else None
    return routing.Facts(
        assignee=persons.get((key[0], account)) if account is not None else None,
        team=view.team_of(*key),
    )


def _connection_of(view: View, one: NotChecked) -> int | None:
    """The connection of a subject that a detector left out; its milestone tells where it can."""
    if one.connection_id is not None:
        return one.connection_id
    matches = [facts.connection_id for facts in view.judged if facts.subject == one.subject]
    return matches[0] if len(matches) == 1 else None


def _list_uncovered(
    view: View, detector: Detector, gate: Gate, labels: Labels, outcome: Outcome
) -> None:
    """Subjects whose data is missing are named even where nothing was found in them."""
    subjects: list[tuple[int, str]] = []
    if detector.about == "milestone":
        subjects = [(one.connection_id, one.subject) for one in view.judged if one.state.is_open]
    elif detector.about == "project":
        subjects = [(one.connection_id, one.subject) for one in view.projects]
    elif detector.about == "repository":
        subjects = [
            (connection_id, f"repository:{id_}")
            for (connection_id, id_), _ in changes.repositories(view)
        ]
    for connection_id, subject in subjects:
        reason = gate.reason(detector, connection_id, subject)
        if reason is not None:
            key = (detector.id, connection_id, subject)
            outcome.unchecked.setdefault(key, (labels.label(connection_id, subject), reason))


def judge_lives(
    view: View,
    known: Catalogue,
    outcome: Outcome,
    before: Mapping[str, Known],
    *,
    first: bool,
    restated: bool,
    agreed: Collection[Key] = (),
    answered: Held | None = None,
    flips: Mapping[str, Sequence[datetime]] = MappingProxyType({}),
) -> None:
    """State of every finding, seen now or open before, and the steps to keep.

    `restated`: all numbers moved because of us. `agreed`: what these milestones are measured
    against did. `answered`: what people answered, and holds. `flips`: when findings came back or
    went away before (UTC).
    """
    by_id = {one.id: one for one in known.detectors}
    told_of = _Answered(answered, outcome)
    # What is of no use explains nothing.
    useless = {key for key, one in told_of.by_print.items() if one.kind is AnswerKind.NOT_USEFUL}
    waiting = {} if first else _waiting(outcome, by_id, before, restated, agreed)
    # Nor does what is not told itself.
    causes = useless | waiting.keys()
    held_back = inhibit.suppressed(
        [one for one in _signals(view, outcome, by_id) if one.fingerprint not in causes]
    )
    for fingerprint, seen in outcome.seen.items():
        held = before.get(fingerprint)
        if fingerprint in waiting:
            verdict = waiting[fingerprint]
            finding = life.as_finding(seen, verdict, held, view.as_of)
            outcome.suppressed.append(told_of.answer(finding, silent=True))
            outcome.seen_rows.append((seen, verdict, finding))
            _step(outcome, held, finding, verdict.reason)
            continue
        if fingerprint in held_back:
            verdict = life.held_back(seen, held, held_back[fingerprint].reason)
            finding = life.as_finding(seen, verdict, held, view.as_of)
            finding = told_of.answer(finding, silent=True)
            outcome.suppressed.append(finding)
            outcome.seen_rows.append((seen, verdict, finding))
            _step(outcome, held, finding, verdict.reason)
            continue
        ours = _ours(seen, by_id, restated, agreed)
        verdict = life.seen_again(seen, held, first=first, restated=ours)
        if verdict.state is FindingState.REGRESSED and _flaps(flips, fingerprint, view.as_of):
            verdict = replace(verdict, state=FindingState.ONGOING, silent=True, reason=FLAPS)
        finding = life.as_finding(seen, verdict, held, view.as_of)
        finding = told_of.answer(finding, silent=ours or first)
        if told_of.woke(fingerprint) and not verdict.silent:
            # Its number may have crossed what was snoozed and not what it was compared with.
            verdict = replace(verdict, state=FindingState.WORSENED, anchor=finding.magnitude)
            finding = replace(finding, state=FindingState.WORSENED)
        outcome.shown.append(finding)
        outcome.seen_rows.append((seen, verdict, finding))
        _step(outcome, held, finding, (verdict.reason or SILENT) if verdict.silent else None)
    gate = Gate(view)
    labels = Labels(view)
    absent = [one for key, one in before.items() if one.is_open and key not in outcome.seen]
    labels.read_ahead((one.connection_id, one.finding.subject) for one in absent)
    for held in absent:
        detector = by_id.get(held.finding.detector)
        withdrawn = _withdrawn(view, detector, held, outcome)
        mine = _agreed(agreed, held.finding.detector, held.connection_id, held.milestone)
        verdict = life.not_seen(
            held,
            unchecked=_unchecked(detector, held, gate, outcome),
            withdrawn=withdrawn,
            restated=(restated or mine) and (detector is None or detector.about != _OF_OUR_READING),
        )
        over = verdict.state is FindingState.RESOLVED
        if over and not verdict.silent and _flaps(flips, held.finding.fingerprint, view.as_of):
            verdict = replace(verdict, silent=True, reason=FLAPS)
        finding = replace(
            held.finding,
            state=verdict.state,
            resolved_at=view.as_of if over else None,
            previous_severity=held.finding.severity,
        )
        finding = told_of.answer(finding, silent=verdict.silent)
        outcome.unseen_rows.append(finding)
        if not over:
            outcome.shown.append(finding)
        elif not verdict.silent:
            outcome.resolved.append(finding)
        silent = (verdict.reason or SILENT) if verdict.silent else None
        _step(outcome, held, finding, silent if over else verdict.reason)
    told_of.end_those_of(before)


def _ours(
    seen: Seen, by_id: Mapping[str, Detector], restated: bool, agreed: Collection[Key]
) -> bool:
    """Whether a finding's number may have moved because of us."""
    mine = _agreed(agreed, seen.detector, seen.found.connection_id, seen.found.milestone)
    return (restated or mine) and by_id[seen.detector].about != _OF_OUR_READING


def _waiting(
    outcome: Outcome,
    by_id: Mapping[str, Detector],
    before: Mapping[str, Known],
    restated: bool,
    agreed: Collection[Key],
) -> dict[str, Verdict]:
    """What is there and has not stood long enough to be told."""
    found = {}
    for fingerprint, seen in outcome.seen.items():
        needed = by_id[seen.detector].standing
        if needed < 2 or _ours(seen, by_id, restated, agreed):
            continue
        verdict = life.not_stood(seen, before.get(fingerprint), needed)
        if verdict is not None:
            found[fingerprint] = verdict
    return found


def _flaps(flips: Mapping[str, Sequence[datetime]], fingerprint: str, now: datetime) -> bool:
    """Whether one more coming or going of a finding is no news."""
    return flapping(fingerprint, (*flips.get(fingerprint, ()), now), now) is not None


class _Answered:
    """Answers laid over the findings of a run; those that end are noted."""

    def __init__(self, held: Held | None, outcome: Outcome) -> None:
        self._held = held
        self._outcome = outcome
        self._woken: set[str] = set()
        self.by_print: Mapping[str, Answer] = held.by_print if held is not None else {}

    def answer(self, finding: Finding, *, silent: bool) -> Finding:
        """The finding with the answer that holds, if one does.

        `silent`: its number moved because of us.
        """
        given = self.by_print.get(finding.fingerprint)
        if given is None or self._held is None:
            return finding
        ticket = self._held.tickets.get(given.ticket or "")
        over = answers.ended(
            given,
            today=self._held.today,
            state=finding.state,
            severity=finding.severity,
            magnitude=finding.magnitude,
            ticket=ticket,
        )
        by_day = given.until is not None and self._held.today > given.until
        if over is None or not (self._held.ends or by_day):
            return replace(finding, answer=answers.with_note(given, ticket))
        if over.end is AnswerEnd.WOKE:
            if silent:
                over = replace(over, reason="its number was restated")
            else:
                self._woken.add(finding.fingerprint)
        self._outcome.ended.append((given, over))
        return finding

    def end_those_of(self, before: Mapping[str, Known]) -> None:
        """End answers to findings that went away earlier, when their time is over."""
        for fingerprint in sorted(self.by_print):
            known = before.get(fingerprint)
            if fingerprint not in self._outcome.seen and known is not None and not known.is_open:
                self.answer(known.finding, silent=True)

    def woke(self, fingerprint: str) -> bool:
        """Whether it got worse than what was answered."""
        return fingerprint in self._woken


def _signals(view: View, outcome: Outcome, by_id: Mapping[str, Detector]) -> list[inhibit.Signal]:
    """What was found, with what each lies in: told by its detector, or below a judged epic."""
    epics = {
        (one.found.connection_id, one.found.subject)
        for one in outcome.seen.values()
        if one.found.subject.startswith("epic:")
    }
    inside: dict[tuple[int | None, str], set[str]] = {}
    wanted = [one for one in view.judged if (one.connection_id, one.subject) in epics]
    for key, container in view.containers(wanted).items():
        for item in container.histories:
            if place(item, view.as_of, view.as_of, undone=True).member:
                for about in ("issue", "epic"):
                    mine = inside.setdefault((key[0], f"{about}:{item.id}"), set())
                    mine.add(f"epic:{key[2]}")
    return [
        inhibit.Signal(
            fingerprint=one.fingerprint,
            detector=one.detector,
            rule=one.found.rule,
            connection_id=one.found.connection_id,
            subject=one.found.subject,
            severity=one.found.severity,
            channel=one.channel,
            yields_to=by_id[one.detector].yields_to,
            within=frozenset(one.found.within)
            | inside.get((one.found.connection_id, one.found.subject), set()),
        )
        for one in outcome.seen.values()
    ]


def _agreed(
    agreed: Collection[Key],
    detector: str,
    connection_id: int | None,
    milestone: tuple[str, str] | None,
) -> bool:
    """Whether a finding rests on the plan of a milestone that a person has just agreed to."""
    of_plan = detector.startswith(_OF_SCOPE) and milestone is not None
    return of_plan and (connection_id or 0, *(milestone or ())) in agreed


def _unchecked(detector: Detector | None, held: Known, gate: Gate, outcome: Outcome) -> str | None:
    finding = held.finding
    if detector is None:
        return "its detector cannot be run"
    for subject in (finding.subject, "*"):
        for connection_id in (held.connection_id, None):
            found = outcome.unchecked.get((finding.detector, connection_id, subject))
            if found is not None:
                return found[1]
    milestone = held.milestone
    return gate.reason(
        detector,
        held.connection_id,
        finding.subject,
        (MilestoneKind(milestone[0]), milestone[1]) if milestone is not None else None,
    )


def _withdrawn(view: View, detector: Detector | None, held: Known, outcome: Outcome) -> str | None:
    """Why a finding is no longer asked for, if so: then it ends without a word."""
    finding = held.finding
    if outcome.states.get(finding.detector) == "off":
        return "its detector is switched off"
    if detector is None:
        return None
    if detector.about == "milestone" and held.milestone is not None:
        key = (held.connection_id or 0, MilestoneKind(held.milestone[0]), held.milestone[1])
        still = any(one.key == key for one in view.judged)
        # An epic that nobody asks for is no milestone that is listed.
        if not still and (key[1] is MilestoneKind.EPIC or key in view.milestones):
            return "its milestone is no longer judged"
    if detector.about == _OF_OUR_READING and _absorbed(finding.subject, outcome):
        return "it is part of another gap"
    return None


def _absorbed(subject: str, outcome: Outcome) -> bool:
    """Whether a gap that is there now covers this one, or is a part of it."""
    mine = subject.split("/")
    for seen in outcome.seen.values():
        other = seen.found.subject.split("/")
        pairs = list(zip(mine, other, strict=False))
        if len(mine) == len(other) and all(a == b or "*" in (a, b) for a, b in pairs):
            return True
    return False


def _step(outcome: Outcome, held: Known | None, finding: Finding, reason: str | None) -> None:
    """Keep a change of state, or a level crossed within one."""
    was = held.finding if held is not None else None
    if was is not None and was.state is finding.state and was.severity is finding.severity:
        return
    outcome.steps.append(
        Step(
            finding.fingerprint,
            was.state if was is not None else None,
            finding.state,
            finding.severity,
            reason,
        )
    )
