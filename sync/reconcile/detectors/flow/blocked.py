"""Started work is blocked, and has been for days."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sync.flow.stages import Stage
from sync.forecast.graph import Standing
from sync.reconcile import flow_facts, flow_links, waiting
from sync.reconcile.contract import (
    Channel,
    Detector,
    Evidence,
    Found,
    NotChecked,
    Severity,
    Voice,
    Words,
)
from sync.reconcile.flow_facts import Home, Pair, Started, Times
from sync.reconcile.severity import adjusted, level, one_more
from sync.reconcile.view import View
from sync.reconcile.words import capped, count, verb

ID = "flow.blocked"

#: Confidence below which a claim is a hint: what only a text says.
_TRUSTED = 0.8


@dataclass(frozen=True, slots=True)
class _Held:
    """A started item that cannot go on."""

    item: Started
    #: UTC, and working days since then.
    since: datetime
    days: float
    #: `flagged as blocked`, `it waits for APO-3 Buy it`.
    why: str
    #: teams that it waits for and that are not its own.
    others: tuple[str, ...] = ()
    certain: bool = True
    #: what it waits for may be named to the token's owner only.
    restricted: bool = False


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Started items that have been blocked for some working days.

    Blocked is what is flagged, what is in a status that waits for something outside of the work,
    and what waits for an open item, in whatever system. Told once per judged milestone, or per
    project for what is in none.
    """
    begun = [one for mine in flow_facts.started(view).values() for one in mine]
    if not begun:
        return
    times = Times(view)
    times.read_ahead(one.pair for one in begun)
    held: list[_Held] = []
    unsure: list[tuple[Started, str]] = []
    links = _by_links(view, begun, times)
    for one in begun:
        if not one.flow.whole:
            unsure.append((one, "the history of some of its started items is not complete"))
            continue
        found = [*_by_itself(view, one, times), *links.get(one.pair, ())]
        if found:
            # What has lasted longest says since when; a tie goes to what is certain.
            held.append(max(found, key=lambda each: (each.days, each.certain, each.why)))
    homes = flow_facts.homes(view, [*(each.item for each in held), *(each for each, _ in unsure)])
    yield from flow_facts.not_checked(homes, unsure)
    groups: dict[Home, list[_Held]] = {}
    for each in held:
        if each.item.pair in homes:
            groups.setdefault(homes[each.item.pair], []).append(each)
    for home, group in groups.items():
        yield from _found(view, home, group, thresholds)


def _by_itself(view: View, one: Started, times: Times) -> Iterable[_Held]:
    """Its flag or status says so."""
    if one.flow.stage is Stage.BLOCKED and one.flow.since is not None:
        since = one.flow.since
        days = times.of(one.pair).between(since, view.as_of)
        yield _Held(one, since, days, "it is flagged, or its status says that it waits")


def _by_links(view: View, begun: list[Started], times: Times) -> dict[Pair, list[_Held]]:
    """Items that it waits for are open."""
    of = waiting.blockers(view)
    waits = {
        one.pair: tuple(
            b for b in of.graph.blockers(one.pair) if of.graph.standing[b] is Standing.OPEN
        )
        for one in begun
        if one.flow.started_at is not None
    }
    pairs = [(blocker, item) for item, mine in waits.items() for blocker in mine]
    since = flow_links.since(view, of, pairs)
    teams = view.teams(flow_facts.by_connection({end for pair in pairs for end in pair}))
    found: dict[Pair, list[_Held]] = {}
    for one in begun:
        start = one.flow.started_at
        for blocker in waits.get(one.pair, ()):
            linked = since.get((blocker, one.pair))
            if start is None or linked is None:
                continue
            at = max(start, linked)
            mine, other = teams.get(one.pair), teams.get(blocker)
            crosses = mine is not None and other is not None and mine != other
            found.setdefault(one.pair, []).append(
                _Held(
                    one,
                    at,
                    times.of(one.pair).between(at, view.as_of),
                    f"it waits for {of.called(blocker)}",
                    (other,) if crosses and other is not None else (),
                    waiting.trust(of, blocker, one.pair) >= _TRUSTED,
                    waiting.restricted(of, blocker),
                )
            )
    return found


def _found(
    view: View, home: Home, held: list[_Held], thresholds: Mapping[str, Any]
) -> Iterable[Found]:
    limits = {Severity.LOW: thresholds["low_days"], Severity.MEDIUM: thresholds["medium_days"]}
    told: list[tuple[Severity, _Held]] = []
    for one in held:
        reached = level(one.days, limits)
        if reached is not None:
            severity = one_more(reached) if one.others else reached
            severity = adjusted(severity, home.due, view.today, view.calendar, certain=one.certain)
            told.append((severity, one))
    if not told:
        return
    told.sort(key=lambda pair: (-pair[0].rank, -pair[1].days, pair[1].item.id))
    others = sorted({team for _, one in told for team in one.others})
    longest = max((one for _, one in told), key=lambda one: (one.days, one.item.id))
    number = len(told)
    yield Found(
        subject=home.subject,
        severity=told[0][0],
        # Days pass by themselves: it is worse when the level rises or more is blocked.
        magnitude=float(number),
        values={
            "where": home.name,
            "owner": home.owner,
            "items": count(number, "started item"),
            "verb": verb(number, "is", "are"),
            "them": verb(number, "It was", "Each of them was"),
            "longest": longest.item.label,
            "days": count(int(longest.days), "working day"),
            "waiting": f" (waiting on {', '.join(others)})" if others else "",
            "teams": f" It waits on {' and '.join(others)}." if others else "",
        },
        evidence=capped([_proof(one) for _, one in told]),
        connection_id=home.connection_id,
        milestone=home.key,
    )


def _proof(one: _Held) -> Evidence:
    certain = "" if one.certain else ", as only a text says"
    text = f"blocked for {count(int(one.days), 'working day')}: {one.why}{certain}"
    proof = one.item.evidence(text, one.since)
    return replace(proof, restricted=True) if one.restricted else proof


DETECTOR = Detector(
    id=ID,
    name="Started work is blocked",
    family="flow",
    needs=flow_facts.NEEDS,
    words=Words(
        title="{where}: {items} {verb} blocked",
        what="Blocked for {days}: {longest}.{teams} {them} begun and cannot go on.",
        so_what="Whoever began it has turned to something else, and what waits for it waits too.",
        who="{owner}{waiting}",
        by_when="today",
        remedy="Ask for each item below who can unblock it, and by when.",
        executive=Voice(
            what="{where}: {items} {verb} standing still, the longest of them for {days}.",
            remedy="See to it that those who can unblock it know of it.",
        ),
        engineer=Voice(
            what="Blocked for {days}: {longest}.{teams}",
            remedy="Take the flag or link away if it no longer holds; else say what you need.",
        ),
    ),
    channel=Channel.DIGEST,
    defaults={"low_days": 5, "medium_days": 10},
    explain={
        "low_days": "working days since it is blocked from which it is low; one level more where "
        "it waits for another team",
        "medium_days": "the same from which it is medium",
    },
    detect=detect,
    about="project",
    standing=2,
)
