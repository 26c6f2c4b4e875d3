"""What a report says of answers: who took what, what is kept out until when, and what ended."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from sync.reconcile import answers
from sync.reconcile.answers import Place
from sync.reconcile.contract import (
    Answer,
    AnswerKind,
    Demotion,
    Finding,
    FindingState,
    Flapping,
)
from sync.report.clean import clean
from sync.report.data import Answered, AnsweredPart, Item
from sync.report.wording import count, day, family

_DONE = {
    AnswerKind.ACKNOWLEDGE: "taken by",
    AnswerKind.SNOOZE: "snoozed by",
    AnswerKind.ACCEPT: "accepted by",
    AnswerKind.NOT_USEFUL: "called not useful by",
    AnswerKind.AGREE: "called right by",
}
_COUNTED = {
    AnswerKind.ACKNOWLEDGE: "taken",
    AnswerKind.ACCEPT: "accepted",
    AnswerKind.SNOOZE: "snoozed",
    AnswerKind.NOT_USEFUL: "called not useful",
}
_NO_LONGER = {
    AnswerKind.SNOOZE: "no longer snoozed",
    AnswerKind.ACCEPT: "no longer accepted",
    AnswerKind.NOT_USEFUL: "told again",
}


def answered(answer: Answer | None, today: date) -> Answered | None:
    """An answer as a reader sees it."""
    if answer is None:
        return None
    return Answered(
        kind=answer.kind,
        author=clean(answer.author, 120),
        at=answer.at,
        reason=clean(answer.reason, 500) if answer.reason else None,
        until=answer.until,
        until_worse=answer.until_worse,
        ticket=clean(answer.ticket, 200) if answer.ticket else None,
        words=clean(in_words(answer, today)),
    )


def in_words(answer: Answer, today: date) -> str:
    """`accepted by ada until 1 Apr, or until APO-12 is closed: the vendor repairs it`."""
    ends = [day(answer.until, today)] if answer.until is not None else []
    ends += ["it gets worse"] if answer.until_worse else []
    ends += [f"{answer.ticket} is closed"] if answer.ticket else []
    until = f" until {', or until '.join(ends)}" if ends else ""
    why = f": {answer.reason}" if answer.reason else ""
    note = f" ({answer.note})" if answer.note else ""
    return f"{_DONE[answer.kind]} {answer.author}{until}{why}{note}"


def since(
    findings: Iterable[Finding],
    ended: Sequence[Answer],
    flapping: Sequence[Flapping],
    then: datetime | None,
) -> tuple[Finding, ...]:
    """Findings as answers move them: what woke is worse, what keeps coming and going is no news."""
    woke = {one.fingerprint for one in _later(ended, then) if one.ended_reason == answers.GOT_WORSE}
    flaps = {one.fingerprint for one in flapping}
    news = (FindingState.NEW, FindingState.REGRESSED)
    found = []
    for one in findings:
        state = one.state
        if one.fingerprint in flaps and state in news:
            state = FindingState.ONGOING
        elif one.fingerprint in woke and state in (FindingState.ONGOING, FindingState.IMPROVED):
            state = FindingState.WORSENED
        found.append(one if state is one.state else replace(one, state=state))
    return tuple(found)


def part(
    items: Sequence[Item],
    ended: Sequence[Answer],
    flapping: Sequence[Flapping],
    then: datetime | None,
    today: date,
) -> AnsweredPart:
    """The answered part of a report. `then`: the report before; None: there was none."""
    by_place: dict[Place, list[Item]] = {}
    for item in items:
        by_place.setdefault(item.place, []).append(item)
    accepted = tuple(by_place.get(Place.ACCEPTED, ()))
    snoozed = tuple(by_place.get(Place.SNOOZED, ()))
    not_useful = tuple(by_place.get(Place.NOT_USEFUL, ()))
    short = tuple(by_place.get(Place.SHORT, ()))
    ends = [
        (one.answer.until, one)
        for one in (*accepted, *snoozed, *not_useful, *short)
        if one.answer is not None and one.answer.until is not None
    ]
    first = min(ends, key=lambda pair: (pair[0], pair[1].fingerprint), default=None)
    apart = (*short, *accepted, *snoozed, *not_useful)
    kinds = Counter(one.answer.kind for one in apart if one.answer is not None)
    counts = [(kinds[kind], what) for kind, what in _COUNTED.items()]
    told = [f"{number} {what}" for number, what in counts if number]
    summary = ", ".join(told)
    if first is not None:
        summary += f"; the next answer ends after {day(first[0], today)} ({first[1].title})"
    named = {one.fingerprint: one for one in items}
    return AnsweredPart(
        short=short,
        accepted=accepted,
        snoozed=snoozed,
        not_useful=not_useful,
        next_expiry=first[0] if first is not None else None,
        summary=clean(summary),
        ended=tuple(
            _ended(one, named[one.fingerprint])
            for one in _later(ended, then)
            if one.fingerprint in named
        ),
        flapping=tuple(
            text
            for one in flapping
            if then is not None and one.since > then
            for text in [_flaps(one, named.get(one.fingerprint))]
            if text
        ),
    )


def demoted(demotions: Iterable[Demotion], then: datetime | None) -> tuple[str, ...]:
    """Detectors that fell back to the page since the report before, a reason each."""
    return tuple(
        f"{family(one.detector)} is in the page only from now on: people called {one.useful} of "
        f"{count(one.judged, 'judged finding')} useful"
        for one in demotions
        if then is not None and one.since > then
    )


def flips(flapping: Iterable[Flapping]) -> Mapping[str, int]:
    """How often each of them came or went."""
    return {one.fingerprint: one.flips for one in flapping}


def place(finding: Finding) -> Place:
    """Where it is told."""
    return answers.place(finding)


def _later(ended: Iterable[Answer], then: datetime | None) -> list[Answer]:
    return [
        one
        for one in ended
        if then is not None and one.ended_at is not None and one.ended_at > then
    ]


def _ended(answer: Answer, item: Item) -> str:
    what = _NO_LONGER.get(answer.kind, "told again")
    return clean(f"{item.title}: {what} (by {answer.author}), because {answer.ended_reason}")


def _flaps(one: Flapping, item: Item | None) -> str:
    title = item.title if item is not None else one.finding.title if one.finding else ""
    there = "it is there now" if item is not None else "it is not there now"
    if not title:
        return ""
    return clean(
        f"{title}: came and went {one.flips} times in two weeks, {there}; it is told again once "
        "it stays"
    )
