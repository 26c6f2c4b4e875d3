"""Normalized records: frozen, vendor-neutral, keyed by the vendor's immutable id.

Every instant is aware and in UTC; a calendar date is a `date`. `source_id` is unique within one
connection and kind. The vendor's own value stands beside each normalized one (`raw_*`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from msgspec import Struct

from mappings.code_records import CodeRecord
from mappings.vocabulary import (
    BoardContent,
    EventField,
    HistoryState,
    ItemType,
    LinkKind,
    MilestoneKind,
    MilestoneState,
    Origin,
    Priority,
    ScopeKind,
    StatusCategory,
    WaitsFor,
)


class Account(Struct, frozen=True, gc=False):
    """A login of one system; merged into a person only by configuration."""

    source_id: str
    name: str | None = None
    login: str | None = None
    email: str | None = None
    is_bot: bool = False
    active: bool | None = None
    url: str | None = None


class Scope(Struct, frozen=True, gc=False):
    """A project, board or repository as the vendor describes it."""

    source_id: str
    kind: ScopeKind
    key: str | None
    name: str | None
    #: source id of the project that a board belongs to, if the vendor tells.
    parent_id: str | None = None
    #: vendor's type: `scrum`, `kanban`, `simple`, `software`, …
    raw_type: str | None = None
    archived: bool = False
    url: str | None = None
    #: of a repository: the branch that it shows first and that work lands on; None: not told.
    default_branch: str | None = None


class Status(Struct, frozen=True, gc=False):
    """A workflow status as mapped; a lookup for judging history by status id."""

    source_id: str
    raw_name: str
    raw_category: str | None
    category: StatusCategory
    waits_for: WaitsFor | None = None
    code_complete: bool = False


class Field(Struct, frozen=True, gc=False):
    """A field's definition; `role` says what driftline reads from it, if anything."""

    source_id: str
    name: str
    #: the vendor's type identity, for example `com.pyxis.greenhopper.jira:gh-sprint`.
    raw_type: str | None
    role: EventField | None = None


class WorkItem(Struct, frozen=True, gc=False):
    """An issue as it stands now."""

    source_id: str
    key: str
    #: source id of the project or repository that holds it.
    scope_id: str
    item_type: ItemType
    raw_type: str | None
    status_category: StatusCategory
    raw_status: str | None
    raw_status_id: str | None
    title: str
    created_at: datetime | None
    updated_at: datetime | None
    waits_for: WaitsFor | None = None
    code_complete: bool = False
    resolution: str | None = None
    resolved_at: datetime | None = None
    priority: Priority = Priority.UNKNOWN
    raw_priority: str | None = None
    #: size in story points (or the estimate field that won); None = not estimated, never 0.
    estimate_points: float | None = None
    #: original time estimate in seconds.
    estimate_seconds: int | None = None
    #: vendor field that gave `estimate_points`.
    estimate_field: str | None = None
    due_date: date | None = None
    assignee_id: str | None = None
    reporter_id: str | None = None
    parent_id: str | None = None
    team: str | None = None
    labels: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    #: current memberships: (kind, source id of the milestone). For sprints: all ever listed.
    milestones: tuple[tuple[MilestoneKind, str], ...] = ()
    former_keys: tuple[str, ...] = ()
    #: sha256 (hex) of the normalized description text, and its count of tokens.
    text_hash: str | None = None
    text_tokens: int | None = None
    #: restricted by a security level or marked confidential: masked for all but the token's owner.
    restricted: bool = False
    url: str | None = None
    #: whether this same payload carries the complete history.
    history: HistoryState = HistoryState.NOT_FETCHED
    history_reason: str | None = None
    #: what the vendor's team fields say, the most readable first.
    raw_teams: tuple[str, ...] = ()


class FieldEvent(Struct, frozen=True, gc=False):
    """One change of one field of one work item.

    For membership fields `old_ids` and `new_ids` are the *sets* of milestone ids before and after
    (`is_delta` False), or what was taken away and what was added (`is_delta` True).
    """

    work_item_id: str
    #: unique within the connection: the vendor's history id plus the position of the item in it.
    source_event_id: str
    field: EventField
    raw_field: str
    at: datetime
    actor_id: str | None = None
    old_ids: tuple[str, ...] = ()
    new_ids: tuple[str, ...] = ()
    old_text: str | None = None
    new_text: str | None = None
    is_delta: bool = False
    origin: Origin = Origin.SOURCE


class History(Struct, frozen=True, gc=False):
    """The whole known history of one work item: replaces what was held, as a set."""

    work_item_id: str
    state: HistoryState
    events: tuple[FieldEvent, ...]
    reason: str | None = None
    #: `updated_at` of the item that this history is known to cover, if told.
    as_of: datetime | None = None


class Milestone(Struct, frozen=True, gc=False):
    """A version, sprint, milestone or iteration as it stands now."""

    source_id: str
    kind: MilestoneKind
    name: str
    state: MilestoneState
    raw_state: str | None
    #: source id of the scope it belongs to (project of a version, board of a sprint).
    scope_id: str | None = None
    #: first day (its beginning counts) and last day (its end counts), configured time zone.
    start_date: date | None = None
    due_date: date | None = None
    #: actual begin and end, where the vendor tells.
    started_at: datetime | None = None
    finished_at: datetime | None = None
    #: vendor's planned instants where they are instants (sprints).
    planned_start_at: datetime | None = None
    planned_end_at: datetime | None = None
    description: str | None = None
    url: str | None = None


class Link(Struct, frozen=True, gc=False):
    """A directed relation between two work items, as declared by the vendor now."""

    source_id: str
    from_id: str
    to_id: str
    kind: LinkKind
    raw_kind: str
    to_key: str | None = None
    method: str = "declared"
    confidence: float = 1.0


class Links(Struct, frozen=True, gc=False):
    """All links that one work item declares: replaces what was held for it, as a set."""

    work_item_id: str
    links: tuple[Link, ...]
    #: how they are known: each method's links are a set of their own.
    method: str = "declared"


class ScopeEntity(Struct, frozen=True, gc=False):
    """States that a scope (board) holds an entity (sprint) which other scopes may hold too."""

    scope_id: str
    entity_kind: str
    entity_id: str


class BoardValue(Struct, frozen=True, gc=False):
    """What a line of a board says in one field, as driftline reads that field."""

    #: what the field is the source of: status, due_date, points, milestone or iteration.
    field: EventField
    #: id of the board's field.
    field_id: str
    #: of a status or a milestone its id, which begins with `OF_BOARD`.
    value_id: str | None = None
    #: as people read it.
    text: str | None = None
    day: date | None = None
    points: float | None = None


class BoardItem(Struct, frozen=True, gc=False):
    """A line of a board and all that it says: replaces what it said before, as a set."""

    source_id: str
    board_id: str
    content: BoardContent
    #: work item or change request that it stands for.
    content_id: str | None = None
    #: source id of the repository or project of that.
    content_scope_id: str | None = None
    #: out of the board's views; still on the board.
    archived: bool = False
    values: tuple[BoardValue, ...] = ()
    #: (what it is the source of, field id) of every field that was looked at.
    fields: frozenset[tuple[EventField, str]] = frozenset()
    #: place of the board among those that may contradict each other; None: none goes first.
    rank: int | None = None


class BoardMilestones(Struct, frozen=True, gc=False):
    """All milestones of one kind that a board gives: one that is not named is gone."""

    board_id: str
    kind: MilestoneKind
    ids: tuple[str, ...]


class DataIssue(Struct, frozen=True, gc=False):
    """Something that could not be read or understood; shown, never guessed away."""

    #: short stable name: `unmapped-status`, `bad-date`, `history-cut`, …
    kind: str
    #: where: entity kind and id, and the field.
    subject: str
    field: str | None = None
    raw_value: str | None = None
    #: one sentence for a person, ending with what to do (for a mapping: the line to add).
    message: str = ""


#: Whatever a mapping may make of a payload.
Record = (
    Account
    | Scope
    | Status
    | Field
    | WorkItem
    | History
    | Milestone
    | Links
    | ScopeEntity
    | BoardItem
    | BoardMilestones
    | DataIssue
    | CodeRecord
)


#: A payload to normalize: JSON bytes, or what they decode to where that is at hand.
Payload = bytes | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lookups:
    """Frozen snapshot of dictionaries that a normalizer may consult; pure data.

    `fields`: field id -> Field; `statuses`: status id -> Status (as mapped for the connection).
    `time_zone`: IANA name in which this connection's calendar dates are meant.
    """

    fields: Mapping[str, Field] = field(default_factory=dict)
    statuses: Mapping[str, Status] = field(default_factory=dict)
    #: work item type names etc. that a connector wants to hand over; vendor specific.
    extra: Mapping[str, Any] = field(default_factory=dict)
    time_zone: str = "UTC"
    #: base address for building links a person can open.
    base_url: str = ""
