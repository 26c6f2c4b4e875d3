"""From the records of a page to rows: one place for every kind, inside the caller's transaction."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, islice
from operator import attrgetter, lt

import sqlalchemy as sa
from msgspec.structs import replace

from connectors.contract import RawRecord, Unreadable
from mappings.records import (
    Account,
    BoardItem,
    BoardMilestones,
    DataIssue,
    Field,
    FieldEvent,
    History,
    Links,
    Lookups,
    Milestone,
    Payload,
    Record,
    Scope,
    ScopeEntity,
    Status,
    WorkItem,
)
from mappings.schema import MappingTable
from mappings.vocabulary import (
    MEMBERSHIP_FIELDS,
    EventField,
    HistoryState,
    MilestoneKind,
    Origin,
    StatusCategory,
)
from sync.engine import boards, code
from sync.engine.code import CodeBatch
from sync.engine.membership import Change, ItemState, derive
from sync.engine.spans import started_and_done
from sync.store import boards as board_rows
from sync.store import read
from sync.store.items import Follows
from sync.store.payloads import older
from sync.store.rows import EventRow, ItemNow, MembershipRow
from sync.store.writer import Writer

#: Fields whose events tell memberships and spans.
_JUDGED = frozenset({*MEMBERSHIP_FIELDS, EventField.STATUS})

_stream = attrgetter("stream")

#: `mappings.registry` entry's function: (stream, payload, mapping, lookups) -> records.
Normalize = Callable[[str, Payload, MappingTable, Lookups], Sequence[Record]]


@dataclass(slots=True)
class Batch:
    """Records of a page by kind, and the subjects that the page speaks of."""

    accounts: list[Account] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)
    items: list[WorkItem] = field(default_factory=list)
    histories: list[History] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    links: list[Links] = field(default_factory=list)
    entities: list[ScopeEntity] = field(default_factory=list)
    board_items: list[BoardItem] = field(default_factory=list)
    board_milestones: list[BoardMilestones] = field(default_factory=list)
    code: CodeBatch = field(default_factory=CodeBatch)
    issues: list[DataIssue] = field(default_factory=list)
    #: values without a mapping line, once each: (kind, subject) -> issue.
    unmapped: dict[tuple[str, str], DataIssue] = field(default_factory=dict)
    subjects: set[str] = field(default_factory=set)
    #: where a record of each kind goes; made once, as some pages change kind at every record.
    boxes: dict[type, Callable[[object], None]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """The boxes of these lists."""
        self.boxes = _boxes(self)


@dataclass(frozen=True, slots=True)
class Normalizer:
    """Everything that turns the payloads of one scope into records; pure."""

    normalize: Normalize
    mapping: MappingTable
    lookups: Lookups
    categories: Mapping[str, StatusCategory]
    #: what the lookups were handed: title -> source ids; None: nobody asked for it.
    milestones: Mapping[str, Sequence[str]] | None = None
    #: whether boards say anything of items of this connection.
    boards: bool = False

    def sort_page(self, records: Iterable[RawRecord]) -> Batch:
        """Normalize a page's records, each by the stream that it names."""
        out = Batch()
        for stream, mine in groupby(records, key=_stream):
            self.sort(stream, payloads(mine), out)
        return out

    def sort(
        self, stream: str, payloads: Iterable[tuple[str, Payload]], out: Batch | None = None
    ) -> Batch:
        """Normalize (id, payload) pairs and put the records into their boxes, or those of `out`.

        An issue's subject is made unique per stream, so that two streams of one entity do not
        take each other's data issues away.
        """
        out = Batch() if out is None else out
        boxes = out.boxes
        for source_id, payload in payloads:
            out.subjects.add(subject(stream, source_id))
            for record in self.normalize(stream, payload, self.mapping, self.lookups):
                if not isinstance(record, DataIssue):
                    boxes[type(record)](record)
                elif record.kind.startswith("unmapped-"):
                    out.unmapped[record.kind, record.subject] = record
                else:
                    out.issues.append(replace(record, subject=subject(stream, source_id)))
        return out


def subject(stream: str, source_id: str) -> str:
    """What a data issue is about: the stream and the entity's id in it."""
    return f"{stream}:{source_id}"


def _boxes(out: Batch) -> dict[type, Callable[[object], None]]:
    pairs: tuple[tuple[type, list[object]], ...] = (
        (Account, out.accounts),
        (Scope, out.scopes),
        (Status, out.statuses),
        (Field, out.fields),
        (WorkItem, out.items),
        (History, out.histories),
        (Milestone, out.milestones),
        (Links, out.links),
        (ScopeEntity, out.entities),
        (BoardItem, out.board_items),
        (BoardMilestones, out.board_milestones),
    )  # type: ignore[assignment]  # each list takes the one type it stands beside
    return {**{kind: box.append for kind, box in pairs}, **out.code.boxes()}


def write_records(
    writer: Writer,
    conn: sa.Connection,
    connection_id: int,
    stream: str,
    found: Batch,
    normalizer: Normalizer,
    *,
    now: datetime,
    observed_after: datetime | None = None,
    sightings: bool = False,
    watched_fields: Collection[str] = (),
) -> None:
    """Write a page's records; memberships and spans follow from histories in the same breath.

    `observed_after`: the reading before this one (UTC): what changed, changed after it.
    `sightings`: milestones of this page are mentions inside other entities, not their own listing.
    `watched_fields`: fields of boards that an earlier whole reading looked at.
    """
    if normalizer.boards:
        _lay_over(writer, conn, connection_id, stream, found, normalizer)
    writer.accounts(found.accounts)
    writer.scopes(found.scopes)
    writer.statuses(found.statuses)
    writer.fields(found.fields)
    writer.milestones(found.milestones, sightings=sightings, observed_after=observed_after)
    writer.board_milestones(found.board_milestones)
    writer.board_items(found.board_items, watched_fields)
    told = {one.work_item_id: one for one in found.histories}
    judged = {id_: _judged(one) for id_, one in told.items() if one.state is HistoryState.COMPLETE}
    arrived: dict[str, WorkItem] = {}
    for item in found.items:
        before = arrived.get(item.source_id)
        if before is None or not older(item.updated_at, before.updated_at):
            arrived[item.source_id] = item
    follows = {
        id_: _follows(
            HistoryState.COMPLETE,
            told[id_].reason,
            judged[id_],
            normalizer.categories,
            item.status_category,
            item.resolved_at,
        )
        for id_, item in arrived.items()
        if id_ in judged
    }
    touched = set(writer.work_items(found.items, follows))
    writer.links(found.links)
    taken = writer.histories(found.histories, states=False)
    fresh = writer.fresh & taken & follows.keys()
    derive_items(
        writer,
        conn,
        connection_id,
        touched | taken,
        normalizer.categories,
        now,
        {id_: (told[id_], judged.get(id_)) for id_ in taken},
        {id_: _arrived(arrived[id_], follows[id_]) for id_ in sorted(fresh)},
        boarded=normalizer.boards,
    )
    code.write(writer.code, conn, connection_id, found.code, now)
    writer.data_issues(found.subjects, [*found.issues, *found.unmapped.values()])


def _lay_over(
    writer: Writer,
    conn: sa.Connection,
    connection_id: int,
    stream: str,
    found: Batch,
    normalizer: Normalizer,
) -> None:
    """What boards say of this page's items and histories, laid over them."""
    ids = {one.source_id for one in found.items} | {one.work_item_id for one in found.histories}
    if not ids:
        return
    told = board_rows.told(conn, connection_id, ids)
    statuses = normalizer.lookups.statuses
    own = {one.source_id: one.raw_status_id for one in found.items}
    alone = {id_ for id_ in told if id_ not in own}
    own |= {id_: one.raw_status_id for id_, one in read.items(conn, connection_id, alone).items()}
    own |= board_rows.originals(conn, connection_id, alone, EventField.STATUS)
    all_laid = [boards.lay_over(one, told.get(one.source_id, ()), statuses) for one in found.items]
    found.items[:] = [one.item for one in all_laid]
    found.histories[:] = [
        boards.with_events(
            one,
            told.get(one.work_item_id, ()),
            own_status=own.get(one.work_item_id),
            categories=normalizer.categories,
        )
        for one in found.histories
    ]
    laid = {one.item.source_id: one for one in all_laid}
    for id_, one in laid.items():
        found.issues.extend(replace(issue, subject=subject(stream, id_)) for issue in one.issues)
    writer.overlays({id_: one.overlays for id_, one in laid.items()})


def derive_items(
    writer: Writer,
    conn: sa.Connection,
    connection_id: int,
    ids: Iterable[str],
    categories: Mapping[str, StatusCategory],
    now: datetime,
    histories: Mapping[str, tuple[History, Sequence[FieldEvent] | None]] | None = None,
    arrived: Mapping[str, ItemNow] | None = None,
    *,
    boarded: bool = False,
) -> None:
    """What follows from these items' histories: state, memberships, begin and end of work.

    `histories`: those just written, and of complete ones, which are not read back, the events that
    judge. `arrived`: items that no table knew before this page, as they were written with their
    complete history. An item whose history is still to be fetched keeps its former intervals until
    it is.
    """
    wanted = sorted(set(ids))
    if not wanted:
        return
    histories, arrived = histories or {}, arrived or {}
    ready: dict[str, ItemNow] = dict(arrived)
    stored = [id_ for id_ in wanted if id_ not in arrived]
    for id_, item in read.items(conn, connection_id, stored).items():
        state = item.history_state if id_ not in histories else histories[id_][0].state
        if state != HistoryState.NOT_FETCHED or item.gone_at:
            ready[id_] = item
    if not ready:
        return
    whole = {id_: judged for id_, (_, judged) in histories.items() if judged is not None}
    events = read.events(conn, connection_id, [id_ for id_ in ready if id_ not in whole])
    known = read.memberships(conn, connection_id, [id_ for id_ in ready if id_ not in arrived])
    on_boards = (
        set(ready)
        if boarded
        else {id_ for id_, mine in known.items() if any(map(boards.is_of_board, mine))}
    )
    told_of = board_rows.told(conn, connection_id, on_boards) if on_boards else {}
    rows: dict[str, tuple[MembershipRow, ...]] = {}
    settled: dict[str, Follows] = {}
    for id_, item in ready.items():
        mine: Sequence[FieldEvent | EventRow]
        mine = whole[id_] if id_ in whole else events.get(id_, ())
        told = histories[id_][0] if id_ in histories else None
        state = HistoryState(item.history_state) if told is None else told.state
        changes = [_change(event) for event in mine if event.field in MEMBERSHIP_FIELDS]
        held = known.get(id_, ())
        told_by_boards = boards.memberships(told_of.get(id_, ()))
        rows[id_] = ()
        if changes or held or item.milestones or told_by_boards:
            rows[id_] = derive(_state(item, state), changes, held, now, told_by_boards)
        if id_ in arrived:
            continue
        follows = _follows(
            state,
            item.history_reason if told is None else told.reason,
            mine,
            categories,
            item.status_category,
            item.resolved_at,
        )
        if follows != (item.history_state, item.history_reason, item.started_at, item.done_at):
            settled[id_] = follows
    writer.memberships(rows)
    writer.settle(settled)


def _judged(history: History) -> Sequence[FieldEvent]:
    """Events that memberships and spans are told from, in order of time."""
    events = [event for event in history.events if event.field in _JUDGED]
    instants = [event.at for event in events]
    # Histories come oldest first; equal instants are told apart by the vendor's numbering.
    if not all(map(lt, instants, islice(instants, 1, None))):
        events.sort(key=_in_time)
    return events


def _follows(
    state: HistoryState,
    reason: str | None,
    events: Iterable[FieldEvent | EventRow],
    categories: Mapping[str, StatusCategory],
    category: str,
    resolved_at: datetime | None,
) -> Follows:
    started, done = started_and_done(
        [
            (
                event.at,
                event.old_ids[0] if len(event.old_ids) == 1 else None,
                event.new_ids[0] if len(event.new_ids) == 1 else None,
            )
            for event in events
            if event.field is EventField.STATUS
        ],
        categories,
        category,
        resolved_at,
    )
    return state.value, reason, started, done


def _arrived(item: WorkItem, follows: Follows) -> ItemNow:
    return ItemNow(
        source_id=item.source_id,
        scope_id=item.scope_id,
        created_at=item.created_at,
        updated_at=item.updated_at,
        milestones=frozenset([(kind.value, id_) for kind, id_ in item.milestones]),
        status_category=item.status_category.value,
        raw_status_id=item.raw_status_id,
        resolved_at=item.resolved_at,
        history_state=follows[0],
        history_reason=follows[1],
        gone_at=None,
        gone_reason=None,
        started_at=follows[2],
        done_at=follows[3],
    )


def _in_time(event: FieldEvent | EventRow) -> tuple[datetime, tuple[tuple[int, str], ...]]:
    return event.at, read.event_order(event.source_event_id)


def _change(event: FieldEvent | EventRow) -> tuple[MilestoneKind, Change]:
    return MEMBERSHIP_FIELDS[event.field], Change(
        event.source_event_id,
        event.at,
        frozenset(event.old_ids),
        frozenset(event.new_ids),
        event.is_delta,
        takes=bool(event.old_ids or event.old_text),
        gives=bool(event.new_ids or event.new_text),
        is_guess=event.origin == Origin.INFERRED,
    )


def _state(item: ItemNow, history: HistoryState) -> ItemState:
    return ItemState(
        created_at=item.created_at,
        updated_at=item.updated_at,
        milestones=item.milestones,
        history=history,
        gone_at=item.gone_at,
        gone_reason=item.gone_reason,
    )


def issues_of_unreadable(stream: str, unreadable: Iterable[Unreadable]) -> list[DataIssue]:
    """What the server named and did not give, as data issues."""
    return [
        DataIssue(
            kind=f"unreadable-{one.kind}",
            subject=subject(stream, one.source_id),
            message=f"{one.source_id} of stream {stream} could not be read: {one.reason}",
        )
        for one in unreadable
    ]


def payloads(records: Iterable[RawRecord]) -> Iterator[tuple[str, Payload]]:
    """(id, payload) of each record, decoded where the connector has done that.

    What was decoded is taken out of the record, so that it is free again before the next one.
    """
    for one in records:
        payload = one.payload if one.parsed is None else one.parsed
        one.parsed = None
        yield one.source_id, payload
