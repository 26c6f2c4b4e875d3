"""Work rolls from one container into the next."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mappings.vocabulary import MilestoneKind, StatusCategory
from sync.ledger.milestones import MilestoneFacts
from sync.ledger.timeline import ItemHistory
from sync.reconcile.contract import Channel, Detector, Found, NotChecked, Severity, Voice, Words
from sync.reconcile.detectors.scope import plans
from sync.reconcile.severity import level, raised
from sync.reconcile.view import Plan, View
from sync.reconcile.words import capped, count, item_evidence, verb
from sync.store import schema
from sync.store.bulk import among, select_columns

ID = "scope.carryover"


_KINDS = {one.value: one for one in MilestoneKind}


@dataclass(frozen=True, slots=True)
class _Stay:
    """One interval of an item in another container of the same kind."""

    kind: str
    milestone_id: str
    start: datetime
    end: datetime | None


def detect(view: View, thresholds: Mapping[str, Any]) -> Iterable[Found | NotChecked]:
    """Judged open milestones with open work that was left over by several earlier ones."""
    wanted = [
        (plan, ids) for plan in view.plans() if plan.facts.state.is_open and (ids := plan.open_ids)
    ]
    elsewhere = _elsewhere(view, wanted)
    for plan, ids in wanted:
        facts, items, unknown = plan.facts, plan.container.by_item, 0
        told = elsewhere.get(facts.connection_id, {})
        rolled: dict[str, list[str]] = {}
        for id_ in ids:
            item = items[id_]
            stays = told.get(id_)
            names = _rolled(view, facts, item, stays, thresholds) if stays else []
            if len(names) >= thresholds["low"]:
                rolled[id_] = names
            elif not item.whole:
                unknown += 1
        if rolled:
            yield _found(view, plan, rolled, thresholds)
        elif unknown:
            yield NotChecked(
                facts.subject,
                f"the history of {count(unknown, 'item')} is not complete",
                facts.connection_id,
            )


def _elsewhere(
    view: View, wanted: Iterable[tuple[Plan, list[str]]]
) -> dict[int, dict[str, list[_Stay]]]:
    """Intervals of these plans' open items in finished containers of their kinds.

    By connection and item.
    """
    ids: dict[int, set[str]] = {}
    for plan, mine in wanted:
        ids.setdefault(plan.facts.connection_id, set()).update(mine)
    found: dict[int, dict[str, list[_Stay]]] = {}
    columns = ("member_id", "milestone_id", "valid_from", "valid_to", "milestone_kind")
    kinds = sorted({plan.facts.kind.value for plan in view.plans()})
    named = ", ".join(f"'{kind}'" for kind in kinds)
    dialect = view.conn.dialect.name
    for connection_id, some in ids.items():
        # Nearly all are in the plans at hand, which are not over: those rows are not even read.
        at_hand = {
            kind: [
                plan.facts.source_id
                for plan, _ in wanted
                if plan.facts.connection_id == connection_id and plan.facts.kind.value == kind
            ]
            for kind in kinds
        }
        others = " ".join(
            f"AND NOT (milestone_kind = '{kind}' AND milestone_id {among(dialect, mine)})"
            for kind, mine in at_hand.items()
            if mine
        )
        for member, milestone, start, end, kind in zip(
            *select_columns(
                view.conn,
                schema.scope_membership,
                columns,
                connection_id,
                "member_id",
                some,
                f"AND member_kind = 'work_item' AND milestone_kind IN ({named}) "
                f"AND known_from <= %s AND (known_to IS NULL OR known_to > %s) {others}",
                view.known_at,
                view.known_at,
                *(mine for mine in at_hand.values() if mine),
            ),
            strict=True,
        ):
            other = view.milestones.get((connection_id, _KINDS[kind], milestone))
            if other is not None and not other.state.is_open:
                stay = _Stay(kind, milestone, start, end)
                found.setdefault(connection_id, {}).setdefault(member, []).append(stay)
    return found


def _rolled(
    view: View,
    facts: MilestoneFacts,
    item: ItemHistory,
    stays: Iterable[_Stay],
    thresholds: Mapping[str, Any],
) -> list[str]:
    """Names of finished containers that the item was in to their end without being done."""
    found: dict[str, tuple[datetime, str]] = {}
    for stay in stays:
        id_ = stay.milestone_id
        other = view.milestones.get((facts.connection_id, facts.kind, id_))
        if stay.kind != facts.kind.value or other is None or id_ == facts.source_id:
            continue
        ended = _end(view, other)
        if ended is None or ended > view.as_of or stay.start >= ended:
            continue
        # Teams tidy up a little before the end.
        stayed = (
            stay.end is None
            or view.calendar.between(
                view.calendar.local_date(stay.end), view.calendar.local_date(ended)
            )
            <= thresholds["tidied_days"]
        )
        if stayed and item.category.told(ended) in _OPEN:
            found[id_] = (ended, other.name)
    return [name for _, name in sorted(found.values())]


#: An unknown status does not prove that work was left over.
_OPEN = (StatusCategory.TODO, StatusCategory.IN_PROGRESS, StatusCategory.IN_REVIEW)


def _end(view: View, other: MilestoneFacts) -> datetime | None:
    """When a closed container ended; None for one that is open, or whose end is not known."""
    if other.state.is_open:
        return None
    if other.finished_at is not None:
        return other.finished_at
    return view.calendar.end_of(other.due_date) if other.due_date is not None else None


def _found(
    view: View, plan: Plan, rolled: Mapping[str, list[str]], thresholds: Mapping[str, Any]
) -> Found:
    facts = plan.facts
    most = max(len(names) for names in rolled.values())
    reached = level(
        most,
        {
            Severity.LOW: thresholds["low"],
            Severity.MEDIUM: thresholds["medium"],
            Severity.HIGH: thresholds["high"],
        },
    )
    assert reached is not None
    items = plan.container.items
    number = len(rolled)
    return Found(
        subject=facts.subject,
        severity=raised(
            reached, facts.due_date, view.today, view.calendar, thresholds["raise_within"]
        ),
        magnitude=float(sum(map(len, rolled.values()))),
        values={
            "milestone": facts.name,
            "items": count(number, "open item"),
            "verb": verb(number, "was", "were"),
            "most": most,
            "kind": facts.kind.value,
        },
        evidence=capped(
            [
                item_evidence(items[id_], f"left over by {', '.join(names)}")
                for id_, names in sorted(
                    rolled.items(), key=lambda pair: (-len(pair[1]), items[pair[0]].key)
                )
            ]
        ),
        connection_id=facts.connection_id,
        milestone=(facts.kind, facts.source_id),
        channel=plans.channel(plan),
    )


DETECTOR = Detector(
    id=ID,
    name="Work rolls from one plan into the next",
    family="scope",
    needs=plans.NEEDS,
    words=Words(
        title="{milestone}: {items} {verb} left over by up to {most} earlier ones",
        what=(
            "{items} of {milestone} {verb} in earlier plans of the same kind ({kind}), and still "
            "open when those ended: in up to {most} of them."
        ),
        so_what="What rolls on time and again was never really planned, and fills each new plan.",
        who="whoever decides what belongs to {milestone}",
        by_when="at the next planning",
        remedy="Finish them first, cut them down, or take them out until they matter.",
        executive=Voice(
            what="{items} of {milestone} did not get done in up to {most} earlier plans.",
            so_what="Part of this plan is old promises, and the same may happen again.",
        ),
        engineer=Voice(
            remedy=(
                "Say in each of these items what keeps it from being finished, or close it if "
                "nobody waits for it."
            ),
        ),
    ),
    channel=Channel.DIGEST,
    defaults={"low": 2, "medium": 3, "high": 4, "tidied_days": 2, "raise_within": 10},
    explain={
        "low": "earlier milestones that left an item over from which it is low",
        "medium": "earlier milestones from which it is medium",
        "high": "earlier milestones from which it is high",
        "tidied_days": "working days before the end of a milestone from which what leaves it open "
        "is left over by it",
        "raise_within": "working days before its date from which it is one level more",
    },
    detect=detect,
)
