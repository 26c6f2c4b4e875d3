"""Started work is older than most work like it was when it was finished."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mappings.vocabulary import WaitsFor
from sync.flow.measures import age, percentile
from sync.flow.stages import Stage
from sync.reconcile import flow_facts
from sync.reconcile.contract import Channel, Detector, Found, NotChecked, Severity, Voice, Words
from sync.reconcile.flow_chain import on_chain
from sync.reconcile.flow_facts import Home, Pair, Started, Times, Usual
from sync.reconcile.severity import adjusted
from sync.reconcile.view import View
from sync.reconcile.words import capped, count, verb

ID = "flow.aging"

_WAITS = {
    WaitsFor.REVIEW: "waiting for review",
    WaitsFor.QA: "waiting for a test",
    WaitsFor.RELEASE: "waiting for a release",
    WaitsFor.CUSTOMER: "waiting for the customer",
}


@dataclass(frozen=True, slots=True)
class _Old:
    """A started item that is older than usual; ages in working days."""

    item: Started
    age: float
    #: what 85 of 100 of its type took at most.
    usual: float
    severity: Severity


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Started items that are older, in whole working days, than most of their type when done.

    Measured against what was finished in the same project lately; told once per judged milestone,
    or per project for what is in none.
    """
    begun = flow_facts.started(view)
    if not begun:
        return
    times = Times(view)
    times.read_ahead(one.pair for mine in begun.values() for one in mine)
    usual = flow_facts.usual(
        view, times, days=thresholds["history_days"], most=thresholds["most_items"]
    )
    limits = _Limits(usual, thresholds)
    chain = on_chain(view)
    old: list[_Old] = []
    unsure: list[tuple[Started, str]] = []
    for one in (each for mine in begun.values() for each in mine):
        found = _judged(view, one, limits, times, chain, thresholds)
        if isinstance(found, _Old):
            old.append(found)
        elif found is not None:
            unsure.append((one, found))
    homes = flow_facts.homes(view, [*(each.item for each in old), *(each for each, _ in unsure)])
    yield from flow_facts.not_checked(homes, unsure)
    last = flow_facts.last_touched(view, [one.item for one in old])
    by_home: dict[Home, list[_Old]] = {}
    for each in old:
        if each.item.pair in homes:
            by_home.setdefault(homes[each.item.pair], []).append(each)
    share = round(thresholds["low_share"] * 100)
    for home, group in by_home.items():
        yield _found(view, home, group, last, times, share)


def _judged(
    view: View,
    one: Started,
    limits: "_Limits",
    times: Times,
    chain: frozenset[Pair],
    thresholds: Mapping[str, Any],
) -> _Old | str | None:
    """It is old, or why that cannot be told; None: it is not."""
    mine = age(one.flow, view.as_of, times.of(one.pair))
    if mine is None:
        return "since when all of its items are in progress is not known"
    found = limits.of(one)
    if isinstance(found, str):
        return found
    low, medium = found
    # Whole days on both sides: nobody is told that five days are more than five.
    if int(mine) <= math.ceil(low) or mine < thresholds["least_days"]:
        return None
    severity = Severity.MEDIUM if int(mine) > math.ceil(medium) else Severity.LOW
    if one.pair in chain:
        severity = Severity.HIGH
    return _Old(one, mine, low, severity)


class _Limits:
    """What is usual of each type of a project; of all its types where one has too few."""

    def __init__(
        self, usual: Mapping[tuple[Pair, str], Usual], thresholds: Mapping[str, Any]
    ) -> None:
        self._usual, self._thresholds = usual, thresholds
        self._made: dict[tuple[Pair, str], tuple[float, float] | str] = {}

    def of(self, one: Started) -> tuple[float, float] | str:
        """Working days above which it is low, and medium; or why nobody can tell."""
        kind = (one.project, one.item_type.value)
        if kind not in self._made:
            self._made[kind] = self._limits(kind)
        return self._made[kind]

    def _limits(self, kind: tuple[Pair, str]) -> tuple[float, float] | str:
        least = self._thresholds["least_done"]
        own = self._usual.get(kind)
        cycles = own.cycles if own is not None else ()
        if len(cycles) < least:
            mine = (all_ for (project, _), all_ in self._usual.items() if project == kind[0])
            cycles = tuple(days for all_ in mine for days in all_.cycles)
        low = percentile(cycles, self._thresholds["low_share"])
        medium = percentile(cycles, self._thresholds["medium_share"])
        if low is None or medium is None or len(cycles) < least:
            number = len(cycles)
            return (
                f"only {count(number, 'item')} with a known start {verb(number, 'was', 'were')} "
                f"finished lately, and {least} are needed to say what is usual"
            )
        return low, medium


def _found(
    view: View,
    home: Home,
    group: list[_Old],
    last: Mapping[Pair, datetime],
    times: Times,
    share: int,
) -> Found:
    group = sorted(group, key=lambda one: (-one.severity.rank, -one.age, one.item.id))
    oldest = max(group, key=lambda one: (one.age, one.item.id))
    number = len(group)
    chained = sum(one.severity is Severity.HIGH for one in group)
    return Found(
        subject=home.subject,
        severity=adjusted(group[0].severity, home.due, view.today, view.calendar),
        # Days pass by themselves: it is worse when more items grow old.
        magnitude=float(number),
        values={
            "where": home.name,
            "owner": home.owner,
            "items": count(number, "started item"),
            "verb": verb(number, "is", "are"),
            "them": verb(number, "it", "each of them"),
            "share": share,
            "oldest": oldest.item.label,
            "age": count(int(oldest.age), "working day"),
            "usual": count(max(1, math.ceil(oldest.usual)), "working day"),
            "chain": (
                f" {chained} of them {verb(chained, 'is', 'are')} on the chain that decides its "
                "date."
                if chained
                else ""
            ),
        },
        evidence=capped(
            [
                one.item.evidence(_proof(view, one, last, times), one.item.flow.started_at)
                for one in group
            ]
        ),
        connection_id=home.connection_id,
        milestone=home.key,
    )


def _proof(view: View, one: _Old, last: Mapping[Pair, datetime], times: Times) -> str:
    time, flow = times.of(one.item.pair), one.item.flow
    usual = max(1, math.ceil(one.usual))
    told = [
        f"begun {count(int(one.age), 'working day')} ago, and "
        f"{count(usual, 'working day')} {verb(usual, 'is', 'are')} usual"
    ]
    if flow.stage.is_waiting and flow.since is not None:
        word = (
            "blocked"
            if flow.stage is Stage.BLOCKED
            else _WAITS.get(flow.waits_for or WaitsFor.OTHER, "waiting")
        )
        told.append(f"{word} for {count(int(time.between(flow.since, view.as_of)), 'day')}")
    at = last.get(one.item.pair)
    quiet = int(time.between(at, view.as_of)) if at is not None else 0
    if quiet >= 1:
        told.append(f"untouched for {count(quiet, 'day')}")
    return ", ".join(told)


DETECTOR = Detector(
    id=ID,
    name="Started work is older than usual",
    family="flow",
    needs=flow_facts.NEEDS,
    words=Words(
        title="{where}: {items} {verb} older than usual",
        what=(
            "Of 100 items like {them}, {share} were done sooner. The oldest, {oldest}, was begun "
            "{age} ago; {usual} would be usual.{chain}"
        ),
        so_what="What has grown old rarely moves by itself: it waits, or is larger than thought.",
        who="{owner}",
        by_when="at the next meeting",
        remedy="Ask what each item below waits for; split it, get help, or put it back.",
        executive=Voice(
            what="{where}: {items} {verb} taking longer than work like it usually does.",
            remedy="Ask what holds it up, and whether it needs somebody's help.",
        ),
        engineer=Voice(
            what=(
                "Begun {age} ago: {oldest}. Of 100 like it, {share} were done within {usual}."
                "{chain}"
            ),
            remedy="Say on each item below what it waits for, or split off what is done.",
        ),
    ),
    channel=Channel.DIGEST,
    defaults={
        "low_share": 0.85,
        "medium_share": 0.95,
        "least_days": 5,
        "least_done": 20,
        "history_days": 365,
        "most_items": 200,
    },
    explain={
        "low_share": "share of finished items of its type that took less, from which it is low",
        "medium_share": "the same from which it is medium; on the chain that decides a milestone's "
        "date it is high",
        "least_days": "working days since the start below which nothing is called old",
        "least_done": "finished items that a type, or else the project, needs to say what is usual",
        "history_days": "how far back finished items count, days",
        "most_items": "the newest finished items of each type and project that count",
    },
    detect=detect,
    about="project",
    standing=2,
    yields_to={"plan.overdue": "its date has passed, and all that is open in it is told there"},
)
