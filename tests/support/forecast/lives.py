"""Containers in memory, told by days: who entered, was done, was reopened, left."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from mappings.vocabulary import (
    HistoryState,
    ItemType,
    MilestoneKind,
    MilestoneState,
    Priority,
    StatusCategory,
)
from sync.ledger.load import Container, ItemFacts
from sync.ledger.milestones import MilestoneFacts, Observed
from sync.ledger.timeline import Change, ItemHistory, Stay, Track

#: A Monday.
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
DONE, TODO, CANCELLED = StatusCategory.DONE, StatusCategory.TODO, StatusCategory.CANCELLED


def day(number: float) -> datetime:
    """So many days after the beginning (UTC)."""
    return START + timedelta(days=number)


def item(
    id_: str,
    enters: float = 0,
    *turns: tuple[float, StatusCategory],
    leaves: float | None = None,
    parent: str | None = None,
    **changes: Any,
) -> ItemHistory:
    """An item that enters open, and what becomes of its status on which days."""
    told, before = [], TODO
    for number, (at, after) in enumerate(turns):
        told.append(Change(day(at), before, after, event_id=f"{id_}-{number}"))
        before = after
    stay = Stay(day(enters), None if leaves is None else day(leaves), end_cause="event")
    return ItemHistory(
        id_,
        changes.pop("stays", (stay,)),
        Track.of((), None),
        Track.of(told, before),
        Track.of((), parent),
        **changes,
    )


def facts(
    id_: str = "m1",
    *,
    due: date | None = None,
    moves: Iterable[tuple[float, date | None]] = (),
    seen: float = 0,
    finished: float | None = None,
    kind: MilestoneKind = MilestoneKind.VERSION,
    scope: str = "p1",
) -> MilestoneFacts:
    """A milestone first seen on a day with its date, which then moves."""
    told = [Observed("due_date", None, _iso(due), True, None, day(seen))]
    held = due
    for at, new in moves:
        told.append(Observed("due_date", _iso(held), _iso(new), False, day(at - 1), day(at)))
        held = new
    return MilestoneFacts(
        connection_id=1,
        connection="jira",
        kind=kind,
        source_id=id_,
        name=f"Release {id_}",
        state=MilestoneState.ACTIVE if finished is None else MilestoneState.CLOSED,
        scope_id=scope,
        project_key="APO",
        start_date=None,
        due_date=held,
        started_at=None,
        finished_at=None if finished is None else day(finished),
        url=None,
        first_seen_at=day(seen),
        observed=tuple(told),
    )


def container(of: MilestoneFacts, items: Sequence[ItemHistory]) -> Container:
    """The container of these items."""
    return Container(of, {one.id: _named(one) for one in items}, by_id(items))


def by_id(items: Sequence[ItemHistory]) -> Mapping[str, ItemHistory]:
    """Histories by id."""
    return {one.id: one for one in items}


def _named(one: ItemHistory) -> ItemFacts:
    return ItemFacts(
        connection_id=1,
        id=one.id,
        key=f"APO-{one.id}",
        title=f"Item {one.id}",
        scope_id="p1",
        item_type=ItemType.TASK,
        priority=Priority.MEDIUM,
        parent_id=one.parent.held,
        assignee_id=None,
        restricted=False,
        url=None,
        created_at=one.stays[0].start if one.stays else None,
        history_state=HistoryState.COMPLETE,
        history_reason=None,
    )


def _iso(value: date | None) -> str | None:
    return None if value is None else value.isoformat()
