"""Work waits for something that comes later, or for itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sync.forecast.blockers import Blockers
from sync.forecast.chain import Chain, deciding
from sync.forecast.graph import Dependency, Item, waits_of
from sync.ledger.milestones import MilestoneFacts
from sync.reconcile import waiting
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
from sync.reconcile.severity import adjusted, level
from sync.reconcile.view import Plan, View
from sync.reconcile.waiting import Expected
from sync.reconcile.words import capped, count, day, verb

ID = "plan.dependency"

#: Confidence below which a claim is a hint: what only a text says.
_TRUSTED = 0.8


@dataclass(frozen=True, slots=True)
class _Late:
    """Something outside that comes after the date of what waits for it."""

    blocker: Item
    #: own items that wait for it, over others too.
    blocked: tuple[Item, ...]
    expected: Expected
    #: working days after the milestone's date.
    lag: int
    #: the least trusted claim on the way decides how far the whole may be trusted.
    confidence: float


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Open items of judged milestones, and what they wait for over all systems."""
    watched = [one for one in view.judged if one.state.is_open]
    if not watched:
        return
    of = waiting.blockers(view)
    plans = {plan.facts.key: plan for plan in view.plans(watched)}
    mine = {
        key: tuple((key[0], item.id) for item in plan.open_items) for key, plan in plans.items()
    }
    untold = waiting.untold(view)
    for facts in watched:
        number = sum(item in untold for item in mine[facts.key])
        if number:
            yield NotChecked(
                facts.subject,
                f"what {count(number, 'open item')} {verb(number, 'waits', 'wait')} for is not "
                "read: the system did not give the links",
                facts.connection_id,
            )
    outside = waits_of(of.graph, mine)
    homes = waiting.homes(view, {item for one in outside.values() for item in one})
    teams = view.teams(_by_connection(item for one in outside.values() for item in one))
    medians = waiting.medians(
        view, {one.key: one for held in homes.values() for one in held}.values()
    )
    for key, waits in outside.items():
        plan = plans[key]
        hidden = waiting.unknown(of, waits)
        if hidden:
            held = {item for one in hidden for item in waits[one]}
            yield NotChecked(
                plan.facts.subject,
                f"{count(len(held), 'open item')} {verb(len(held), 'waits', 'wait')} for work that "
                "is not read",
                plan.facts.connection_id,
            )
        late = _late(view, of, plan.facts, waits, homes, medians)
        if late:
            yield from _found(view, of, plan, late, teams, thresholds)
    yield from _circles(view, of, mine, plans)


def _late(
    view: View,
    of: Blockers,
    facts: MilestoneFacts,
    waits: Mapping[Item, Iterable[Item]],
    homes: Mapping[Item, tuple[MilestoneFacts, ...]],
    medians: Mapping[Any, date],
) -> list[_Late]:
    if facts.due_date is None or facts.unseen:
        return []
    found = []
    for blocker, blocked in waits.items():
        expected = waiting.expected(homes.get(blocker, ()), medians)
        if expected is None:
            continue
        # It is late at the earliest tomorrow: a date that has passed is no date any more.
        lag = view.calendar.between(facts.due_date, max(expected.day, view.today))
        if lag > 0:
            held = tuple(sorted(blocked))
            trust = max(waiting.trust(of, blocker, item) for item in held)
            found.append(_Late(blocker, held, expected, lag, trust))
    return sorted(found, key=lambda one: (-one.lag, one.blocker))


def _found(
    view: View,
    of: Blockers,
    plan: Plan,
    late: list[_Late],
    teams: Mapping[Item, str | None],
    thresholds: Mapping[str, Any],
) -> Iterable[Found]:
    facts = plan.facts
    assert facts.due_date is not None
    open_at = thresholds["close_at"] if view.was_open(ID, facts.connection_id, facts.subject) else 1
    reached = level(
        late[0].lag,
        {
            Severity.LOW: thresholds["low_days"],
            Severity.MEDIUM: thresholds["medium_days"],
            Severity.HIGH: thresholds["high_days"],
        },
        open_at=open_at,
    )
    if reached is None:
        return
    ends = {one.blocker: float((one.expected.day - view.today).days) for one in late}
    own = {item for one in late for item in one.blocked}
    chain = deciding(of.graph, own, ends)
    worst = late[0]
    others = sorted({team for one in late if (team := teams.get(one.blocker))})
    certain = any(one.confidence >= _TRUSTED for one in late)
    yield Found(
        subject=facts.subject,
        severity=adjusted(reached, facts.due_date, view.today, view.calendar, certain=certain),
        magnitude=float(worst.lag),
        values={
            "milestone": facts.name,
            "title": (
                f"{count(len(own), 'item')} {verb(len(own), 'waits', 'wait')} for work that comes "
                f"{count(worst.lag, 'working day')} after its date"
            ),
            "what": (
                f"{facts.name} is due on {day(facts.due_date)}. What it waits for is "
                f"{_when(worst.expected)}.{_chain(of, chain)}"
                + ("" if certain else " Only a text says that it waits.")
            ),
            "so_what": f"{facts.name} cannot be done before what it waits for.",
            "waiting": f" (waiting on {', '.join(others)})" if others else "",
            "remedy": (
                "Agree on an earlier date with those who do it, cut the dependency, or move the "
                "items that wait."
            ),
        },
        evidence=capped(
            [
                Evidence(
                    f"{of.called(item)} waits for {of.called(one.blocker)}, {_when(one.expected)}"
                    f" ({_says(of, one.blocker, item)})",
                    of.named[item].url if item in of.named else None,
                    source=f"issue:{item[1]}",
                    restricted=waiting.restricted(of, item, one.blocker),
                )
                for one in late
                for item in one.blocked
            ]
        ),
        connection_id=facts.connection_id,
        milestone=(facts.kind, facts.source_id),
    )


def _circles(
    view: View,
    of: Blockers,
    mine: Mapping[Any, tuple[Item, ...]],
    plans: Mapping[Any, Plan],
) -> Iterable[Found]:
    """Circles that open items of judged milestones are in, or wait for."""
    home = {item: key for key in sorted(mine, reverse=True) for item in mine[key]}
    for circle in of.graph.cycles():
        held = [item for item in circle if item in home]
        if not held:
            continue
        facts = plans[home[held[0]]].facts
        claims = [
            of.graph.claim(blocker, blocked)
            for blocker, blocked in zip(circle, (*circle[1:], circle[0]), strict=True)
        ]
        certain = all(one.confidence >= _TRUSTED for one in claims)
        yield Found(
            subject=f"issue:{min(held)[1]}",
            severity=Severity.HIGH if certain else Severity.MEDIUM,
            magnitude=float(len(circle)),
            values={
                "milestone": facts.name,
                "title": f"{count(len(circle), 'item')} wait for each other",
                "what": (
                    f"Each of {', '.join(of.called(one) for one in circle)} waits for the one "
                    "before, and the first for the last."
                    + ("" if certain else " Only a text says so.")
                ),
                "so_what": "None of them can be done first, so each of them stands still.",
                "waiting": "",
                "remedy": "Decide which of them comes first, and take that dependency out.",
            },
            evidence=capped([_proof(of, one) for one in claims]),
            connection_id=min(held)[0],
            rule="circle",
            milestone=(facts.kind, facts.source_id),
        )


def _proof(of: Blockers, one: Dependency) -> Evidence:
    named = of.named.get(one.blocked)
    return Evidence(
        f"{of.called(one.blocked)} waits for {of.called(one.blocker)} ({one.evidence})",
        named.url if named is not None else None,
        source=f"issue:{one.blocked[1]}",
        restricted=waiting.restricted(of, one.blocked, one.blocker),
    )


def _by_connection(items: Iterable[Item]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for connection_id, id_ in sorted(set(items)):
        if connection_id:
            found.setdefault(connection_id, []).append(id_)
    return found


def _when(expected: Expected) -> str:
    name = expected.milestone.name
    if expected.forecast:
        return f"expected around {day(expected.day)} with {name}"
    return f"promised for {day(expected.day)} with {name}"


def _says(of: Blockers, blocker: Item, blocked: Item) -> str:
    """Words of the claim; over several items it is the chain that says it."""
    if blocker in of.graph.blockers(blocked):
        return of.graph.claim(blocker, blocked).evidence
    return "over others"


def _chain(of: Blockers, chain: Chain | None) -> str:
    if chain is None or not chain.decides or len(chain.items) < 3:
        return ""
    return f" The chain that decides: {', then '.join(of.called(one) for one in chain.items)}."


DETECTOR = Detector(
    id=ID,
    name="Work waits for something that comes later",
    family="plan",
    needs={
        "jira": ("issues", "changelogs", "versions", "sprints"),
        "github": ("issues", "histories", "milestones"),
        "gitlab": ("issues", "histories", "milestones", "iterations"),
    },
    words=Words(
        title="{milestone}: {title}",
        what="{what}",
        so_what="{so_what}",
        who="the owner of {milestone}{waiting}",
        by_when="before the next planning",
        remedy="{remedy}",
        executive=Voice(
            what="{milestone} rests on work of others that is planned for later, or in a circle.",
            remedy="Have both sides agree on one date.",
        ),
        engineer=Voice(
            remedy="Look at each pair below: is it still true, and can the first part come sooner?",
        ),
    ),
    channel=Channel.DIGEST,
    defaults={"low_days": 1, "medium_days": 5, "high_days": 15, "close_at": 0.8},
    explain={
        "low_days": "working days after the milestone's date at which what it waits for is "
        "expected, from which it is low",
        "medium_days": "the same from which it is medium",
        "high_days": "the same from which it is high",
        "close_at": "share of the lowest limit below which an open finding closes",
    },
    detect=detect,
    rules={
        "": "An open item waits, in its own system or another, for open work of a later date",
        "circle": "Open items wait for each other in a circle",
    },
)
