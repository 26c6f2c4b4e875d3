"""A change is open for longer than changes of its size take, and nobody does anything to it."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sync.flow.activity import is_stalled
from sync.flow.changes import Expected, Party, expected, size_class
from sync.flow.work_time import WorkTime
from sync.reconcile import changes, flow_changes
from sync.reconcile.changes import Pair
from sync.reconcile.contract import Channel, Detector, Found, NotChecked, Severity, Voice, Words
from sync.reconcile.flow_changes import OpenChange
from sync.reconcile.view import View
from sync.reconcile.words import capped, count, verb

ID = "flow.stalled-change"

#: In the order in which parties are told where as many changes wait on each.
_PARTIES = list(Party)


@dataclass(frozen=True, slots=True)
class _Stalled:
    """A change that stands still; working days."""

    one: OpenChange
    age: float
    quiet: float
    expected: Expected
    severity: Severity


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Open changes of people that nobody touched for days, and that are older than their size says.

    Drafts and what robots propose are left out. Told once per repository.
    """
    waiting = flow_changes.open_changes(view)
    if not waiting:
        return
    time = WorkTime(view.calendar)
    landed = flow_changes.landed_days(
        view, time, days=thresholds["history_days"], most=thresholds["most_changes"]
    )
    for repository, mine in sorted(waiting.items()):
        unsure = 0
        found: list[_Stalled] = []
        for one in mine:
            quiet = time.between(one.last_at, view.as_of)
            if not is_stalled(one.last_at, view.as_of, time, thresholds["quiet_days"]):
                continue
            usual = expected(
                landed.get(repository, {}),
                size_class(one.change.lines),
                share=thresholds["share"],
                least=thresholds["least_landed"],
            )
            if usual is None:
                unsure += 1
                continue
            age = time.between(one.opened_at, view.as_of)
            # Whole days on both sides: nobody is told that three days are more than three.
            most = max(1, math.ceil(usual.days))
            if int(age) > most:
                twice = int(age) > thresholds["medium_times"] * most
                severity = Severity.MEDIUM if twice else Severity.LOW
                found.append(_Stalled(one, age, quiet, usual, severity))
        if unsure:
            yield NotChecked(
                f"repository:{repository[1]}",
                f"fewer than {thresholds['least_landed']} changes landed lately, which is too few "
                f"to say how long {count(unsure, 'open change')} should take",
                repository[0],
            )
        if found:
            yield _found(view, repository, found)


def _found(view: View, repository: Pair, found: list[_Stalled]) -> Found:
    found.sort(key=lambda each: (-each.severity.rank, -each.age, each.one.change.id))
    parties = Counter(each.one.waiting.party for each in found)
    ranked = sorted(parties, key=lambda party: (-parties[party], _PARTIES.index(party)))
    oldest = max(found, key=lambda each: (each.age, each.one.change.id))
    number = len(found)
    return Found(
        subject=f"repository:{repository[1]}",
        severity=found[0].severity,
        # Days pass by themselves: it is worse when more changes stand still.
        magnitude=float(number),
        values={
            "repository": changes.path(view, repository),
            "changes": count(number, "open change"),
            "verb": verb(number, "stands", "stand"),
            "parties": "; ".join(_wait(party, parties[party], number) for party in ranked),
            "oldest": oldest.one.change.label,
            "age": count(int(oldest.age), "working day"),
            "waiting": oldest.one.waiting.words,
            "usual": _usual(oldest.expected),
            "next": _next(ranked[0]),
        },
        evidence=capped(
            [
                each.one.change.evidence(
                    f"{each.one.waiting.words}; open for {count(int(each.age), 'working day')}, "
                    f"untouched for {count(int(each.quiet), 'day')}; {_usual(each.expected)}",
                    each.one.opened_at,
                )
                for each in found
            ],
            "change",
        ),
        connection_id=repository[0],
    )


def _wait(party: Party, number: int, all_: int) -> str:
    """`waiting on review`, or `2 waiting on review`."""
    words = f"waiting on {'somebody' if party is Party.UNKNOWN else party.value}"
    return words if number == all_ else f"{number} {words}"


def _usual(one: Expected) -> str:
    """What was to be expected of a change, in words."""
    days = "a working day" if one.days <= 1 else count(math.ceil(one.days), "working day")
    what = "changes" if one.size is None else f"{one.size.value} changes"
    return f"most {what} here land within {days}"


def _next(party: Party) -> str:
    return {
        Party.AUTHOR: "Ask the authors whether they go on with it, or close it.",
        Party.REVIEW: "Agree on who looks at it, and by when.",
        Party.CI: "Look at why the checks do not end.",
        Party.MERGE: "Land what is approved, or say why it waits.",
        Party.UNKNOWN: "Open each change below and ask who has to act next.",
    }[party]


DETECTOR = Detector(
    id=ID,
    name="A change stands still",
    family="flow",
    needs={
        "github": ("changes", "change_details"),
        "gitlab": ("changes", "change_details"),
    },
    words=Words(
        title="{repository}: {changes} {verb} still, {parties}",
        what=(
            "Nobody has done anything to {changes} for days. The oldest, {oldest}, is open for "
            "{age}, {waiting}; {usual}."
        ),
        so_what="Work that is done brings nothing before it lands, and is harder to land each day.",
        who="whoever answers for {repository}",
        by_when="within two working days",
        remedy="{next}",
        executive=Voice(
            what="Work that is written in {repository} waits to be taken in: {changes}.",
            remedy="Ask who makes room for it.",
        ),
        engineer=Voice(
            what="Oldest: {oldest}, open for {age}, {waiting}; {usual}.",
        ),
    ),
    channel=Channel.DIGEST,
    defaults={
        "share": 0.85,
        "quiet_days": 5,
        "medium_times": 2,
        "least_landed": 20,
        "history_days": 365,
        "most_changes": 200,
    },
    explain={
        "share": "share of landed changes of its size that took less, from which it is low",
        "quiet_days": "working days without a person's act below which it does not stand still",
        "medium_times": "times the expected age from which it is medium",
        "least_landed": "landed changes that a size, or else the repository, needs to say what is "
        "usual",
        "history_days": "how far back landed changes count, days",
        "most_changes": "the newest landed changes of each size and repository that count",
    },
    detect=detect,
    about="repository",
    standing=2,
)
