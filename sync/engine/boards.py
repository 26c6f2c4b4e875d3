"""What boards lay over an item: its status, due date, size and memberships; pure.

A board's vendor keeps no history. What it says began with the reading that saw it first and ended
with the one that no longer saw it; nothing is dated back to the item's creation.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from msgspec.structs import replace

from mappings.records import DataIssue, FieldEvent, History, Status, WorkItem
from mappings.vocabulary import (
    MEMBERSHIP_FIELDS,
    OF_BOARD,
    EventField,
    Origin,
    StatusCategory,
    WaitsFor,
)
from sync.store.boards import Overlay, Told
from sync.store.rows import MembershipRow

#: An item's own state counts where it says that nothing is left to do.
_OVER = frozenset({StatusCategory.DONE, StatusCategory.CANCELLED})
#: Fields in which an item has one value.
_SINGLE = (EventField.STATUS, EventField.DUE_DATE, EventField.POINTS)


@dataclass(frozen=True, slots=True)
class Laid:
    """An item with what boards say of it, and the traces of that."""

    item: WorkItem
    overlays: tuple[Overlay, ...]
    #: boards that contradict each other; subjects are the caller's.
    issues: tuple[DataIssue, ...]


def lay_over(item: WorkItem, told: Sequence[Told], statuses: Mapping[str, Status]) -> Laid:
    """The item as boards have it.

    `told`: all that boards said of it. Status: of what is open by itself; one that is done or
    cancelled stays so. Where boards contradict each other and none goes first, the item stands as
    it is, with an issue. Milestones stand beside its own.
    """
    now = [one for one in told if one.valid_to is None]
    overlays: list[Overlay] = []
    issues: list[DataIssue] = []
    for field in _SINGLE:
        mine = [one for one in now if one.field is field]
        chosen = choose(mine)
        if chosen is None:
            if mine:
                issues.append(_contradiction(item, field, mine))
            continue
        in_force, original = True, None
        if field is EventField.STATUS:
            in_force, original = item.status_category not in _OVER, item.raw_status_id
            if in_force:
                item = _with_status(item, chosen, statuses)
        elif field is EventField.DUE_DATE:
            original = None if item.due_date is None else item.due_date.isoformat()
            item = replace(item, due_date=chosen.day)
        else:
            original = None if item.estimate_points is None else f"{item.estimate_points:g}"
            item = replace(item, estimate_points=chosen.points, estimate_field=chosen.field_id)
        overlays.append(Overlay(chosen, in_force, original))
    overlays.extend(Overlay(one, True, None) for one in now if one.field in MEMBERSHIP_FIELDS)
    return Laid(item, tuple(overlays), tuple(issues))


def choose(told: Sequence[Told]) -> Told | None:
    """Which of the things said of one field at one time counts; None: none, or it is not told."""
    if not told:
        return None
    first = min(told, key=lambda one: (one.rank is None, one.rank or 0, one.board_item_id))
    if len({_meaning(one) for one in told}) > 1 and any(one.rank is None for one in told):
        return None
    return first


def _meaning(one: Told) -> object:
    """What two boards must agree on: a status by its name, as each board has ids of its own."""
    return (one.text or "").casefold() if one.field is EventField.STATUS else one.value


def expected(told: Iterable[Told]) -> set[tuple[str, str, str | None, str | None, datetime]]:
    """What must be laid over an item of which this is said: as `store.boards.laid` gives it."""
    now = [one for one in told if one.valid_to is None]
    chosen = [one for one in now if one.field in MEMBERSHIP_FIELDS]
    for field in _SINGLE:
        one = choose([one for one in now if one.field is field])
        if one is not None:
            chosen.append(one)
    return {
        (one.field.value, one.board_item_id, one.value_id, one.text, one.valid_from)
        for one in chosen
    }


def _with_status(item: WorkItem, told: Told, statuses: Mapping[str, Status]) -> WorkItem:
    status = statuses.get(told.value_id or "")
    return replace(
        item,
        status_category=status.category if status else StatusCategory.UNKNOWN,
        raw_status=told.text,
        raw_status_id=told.value_id,
        waits_for=WaitsFor(status.waits_for) if status and status.waits_for else None,
        code_complete=status.code_complete if status else False,
    )


def _contradiction(item: WorkItem, field: EventField, told: Sequence[Told]) -> DataIssue:
    said = " and ".join(sorted({repr(one.text) for one in told}))
    return DataIssue(
        kind="boards-disagree",
        subject="",
        field=field.value,
        raw_value=said[:255],
        message=f"Two projects say different things of {item.key} as its {field.value}: {said}. "
        "Until they agree, what the issue says itself counts. Correct one of them, or write "
        'project_order = "listed" for this connection.',
    )


# --- history --------------------------------------------------------------------------------


def with_events(
    history: History,
    told: Sequence[Told],
    *,
    own_status: str | None,
    categories: Mapping[str, StatusCategory],
) -> History:
    """The history with what was seen on boards, as events of our own readings.

    `own_status`: id of the status that the item has by itself now. Its own changes of status are
    told as they were in force: what a board said meanwhile stands in their place.
    """
    if not told:
        return history
    events = list(history.events)
    if any(one.field is EventField.STATUS for one in told):
        events = _status_events(history.work_item_id, events, told, own_status, categories)
    for field in (EventField.DUE_DATE, EventField.POINTS):
        events.extend(_value_events(history.work_item_id, field, told))
    return replace(history, events=tuple(sorted(events, key=lambda one: one.at)))


def _spans(told: Iterable[Told], field: EventField) -> list[tuple[datetime, Told | None]]:
    """(since when, what counts then) of one field, in order of time; the first says something."""
    mine = [one for one in told if one.field is field]
    borders = sorted({at for one in mine for at in (one.valid_from, one.valid_to) if at})
    found: list[tuple[datetime, Told | None]] = []
    for at in borders:
        now = [
            one
            for one in mine
            if one.valid_from <= at and (one.valid_to is None or at < one.valid_to)
        ]
        chosen = choose(now)
        if not found or _value(found[-1][1]) != _value(chosen):
            found.append((at, chosen))
    return found


def _value(one: Told | None) -> object:
    return None if one is None else one.value


def _status_events(
    item_id: str,
    events: list[FieldEvent],
    told: Sequence[Told],
    own_status: str | None,
    categories: Mapping[str, StatusCategory],
) -> list[FieldEvent]:
    own = [one for one in events if one.field is EventField.STATUS]
    others = [one for one in events if one.field is not EventField.STATUS]
    status = next((_only(one.old_ids) for one in own), own_status)
    said: Told | None = None
    found: list[FieldEvent] = []

    def in_force() -> tuple[str | None, str | None]:
        """(id, text) of the status that counts now."""
        if said is None or categories.get(status or "") in _OVER:
            return status, None
        return said.value_id, said.text

    steps: list[tuple[datetime, int, FieldEvent | Told | None]] = [
        *((one.at, 0, one) for one in own),
        *((at, 1, chosen) for at, chosen in _spans(told, EventField.STATUS)),
    ]
    for at, _, step in sorted(steps, key=lambda one: one[:2]):
        before = in_force()
        if isinstance(step, FieldEvent):
            status = _only(step.new_ids)
            after = in_force()
            found.append(_as_in_force(step, before, after))
        else:
            said = step
            after = in_force()
            if before[0] != after[0]:
                found.append(
                    FieldEvent(
                        work_item_id=item_id,
                        source_event_id=f"{OF_BOARD}status:{at.isoformat()}",
                        field=EventField.STATUS,
                        raw_field="project",
                        at=at,
                        old_ids=_ids(before[0]),
                        new_ids=_ids(after[0]),
                        old_text=before[1] or before[0],
                        new_text=after[1] or after[0],
                        origin=Origin.OBSERVED,
                    )
                )
    return [*others, *found]


def _as_in_force(
    event: FieldEvent, before: tuple[str | None, str | None], after: tuple[str | None, str | None]
) -> FieldEvent:
    """An item's own change of status, where a board's status stood before or after it."""
    if _ids(before[0]) != event.old_ids:
        event = replace(event, old_ids=_ids(before[0]), old_text=before[1])
    if _ids(after[0]) != event.new_ids:
        event = replace(event, new_ids=_ids(after[0]), new_text=after[1])
    return event


def _value_events(item_id: str, field: EventField, told: Sequence[Told]) -> Iterable[FieldEvent]:
    """Changes that we saw; what was there when we came is no change."""
    for (_, old), (at, new) in pairwise(_spans(told, field)):
        named = new or old
        yield FieldEvent(
            work_item_id=item_id,
            source_event_id=f"{OF_BOARD}{field.value}:{at.isoformat()}",
            field=field,
            raw_field=named.field_id if named else "project",
            at=at,
            old_text=None if old is None else old.text,
            new_text=None if new is None else new.text,
            origin=Origin.OBSERVED,
        )


def _only(ids: Sequence[str]) -> str | None:
    return ids[0] if len(ids) == 1 else None


def _ids(id_: str | None) -> tuple[str, ...]:
    return () if id_ is None else (id_,)


# --- memberships ----------------------------------------------------------------------------


def memberships(told: Iterable[Told]) -> list[MembershipRow]:
    """Intervals in milestones that boards give, as we saw them begin and end."""
    return [
        MembershipRow(
            milestone_kind=MEMBERSHIP_FIELDS[one.field],
            milestone_id=one.value_id,
            valid_from=one.valid_from,
            valid_to=one.valid_to,
            from_exact=one.from_exact,
            cause="observed",
            source_event_id=f"{OF_BOARD}{one.board_item_id}",
            end_cause=None if one.valid_to is None else "observed",
            end_event_id=None,
        )
        for one in told
        if one.field in MEMBERSHIP_FIELDS and one.value_id is not None
    ]


def is_of_board(row: MembershipRow) -> bool:
    """Whether a board told this interval, and no history of the item's own."""
    return row.source_event_id is not None and row.source_event_id.startswith(OF_BOARD)
