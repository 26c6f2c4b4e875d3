"""Rows that travel between the engine and the store."""

from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from mappings.vocabulary import EventField, MilestoneKind

#: Stands for a milestone that an event names by a title which is that of no one milestone: a
#: membership of an item in it says that the item was in some milestone of its scope.
NAMELESS = "?"


class Fate(NamedTuple):
    """Why something is no longer where it was."""

    #: one of `connectors.contract.GoneReason`.
    reason: str
    #: key it has elsewhere, after a move or transfer.
    to_key: str | None = None
    #: what the source said, or which setting moved; for people.
    detail: str = ""


class MembershipRow(Struct, frozen=True, gc=False):
    """One interval of one work item in one milestone; instants in UTC."""

    milestone_kind: MilestoneKind
    milestone_id: str
    valid_from: datetime
    #: None: still a member.
    valid_to: datetime | None
    #: False: it held at `valid_from`; since when is not known.
    from_exact: bool
    #: created, event, observed, inferred.
    cause: str
    source_event_id: str | None
    end_cause: str | None
    end_event_id: str | None


class ItemNow(Struct, frozen=True, gc=False):
    """A work item as held now, as far as judging its history needs it."""

    source_id: str
    scope_id: str
    created_at: datetime | None
    updated_at: datetime | None
    milestones: frozenset[tuple[str, str]]
    status_category: str
    raw_status_id: str | None
    resolved_at: datetime | None
    history_state: str
    history_reason: str | None
    gone_at: datetime | None
    gone_reason: str | None
    started_at: datetime | None
    done_at: datetime | None


class EventRow(Struct, frozen=True, gc=False):
    """A field event as known now."""

    source_event_id: str
    field: EventField
    at: datetime
    actor_id: str | None
    old_ids: tuple[str, ...]
    new_ids: tuple[str, ...]
    old_text: str | None
    new_text: str | None
    is_delta: bool
    #: source, observed, inferred.
    origin: str
