"""GitHub's events of issues: states, labels that stand for states, milestones, people, titles."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mappings import label_rules
from mappings.dates import instant
from mappings.github_issue import label_id, state_id
from mappings.github_out import Out, blocked, by_graphql, id_of, lower, scope_of, why_not
from mappings.records import FieldEvent, History
from mappings.values import items, short, table, text
from mappings.vocabulary import EventField, HistoryState, Origin

#: GraphQL's type of an event -> REST's name of it. Others are no part of a history.
_KINDS = {
    "ClosedEvent": "closed",
    "ReopenedEvent": "reopened",
    "MilestonedEvent": "milestoned",
    "DemilestonedEvent": "demilestoned",
    "LabeledEvent": "labeled",
    "UnlabeledEvent": "unlabeled",
    "AssignedEvent": "assigned",
    "UnassignedEvent": "unassigned",
    "RenamedTitleEvent": "renamed",
    "TransferredEvent": "transferred",
    "ConvertedToDiscussionEvent": "converted_to_discussion",
    "ParentIssueAddedEvent": "parent_issue_added",
    "ParentIssueRemovedEvent": "parent_issue_removed",
    "IssueTypeAddedEvent": "issue_type_added",
    "IssueTypeChangedEvent": "issue_type_changed",
    "IssueTypeRemovedEvent": "issue_type_removed",
}
_READ = frozenset(_KINDS.values())
#: Events that may move the state.
_MOVE = frozenset({"closed", "reopened", "labeled", "unlabeled"})


@dataclass(slots=True)
class _State:
    """Where an issue stands while its events are told in order."""

    closed: str | None
    #: labels it carries that stand for a status, folded.
    labels: set[str]

    def id(self, out: Out) -> str:
        """Id of its status."""
        if self.closed is not None:
            return self.closed
        spoken = label_rules.status_of(self.labels, out.mapping) if self.labels else None
        return label_id(spoken[0]) if spoken else "open"


@dataclass(frozen=True, slots=True)
class _Told:
    """One event, whichever API told it."""

    id: str
    kind: str
    at: datetime
    raw: dict[str, Any]


def history(raw: dict[str, Any], out: Out) -> None:
    """All events of one issue."""
    id_ = text(raw.get("id"))
    if not id_:
        out.broken("histories", "a history without an issue id")
        return
    out.subject = f"history:{id_}"
    reason = why_not(raw.get("events"))
    if reason is not None:
        out.records.append(History(id_, HistoryState.UNAVAILABLE, (), reason))
        return
    if "blocked_by" in raw:
        out.records.append(blocked(id_, items(raw["blocked_by"])))
    told, lost = _told(items(raw.get("events")), by_graphql(raw), out)
    # What is called so in this repository is not what was called so in the one it came from.
    arrived = max((n for n, one in enumerate(told) if one.kind == "transferred"), default=-1)
    state = _State(None, set())
    after = state.id(out)
    events: list[FieldEvent] = []
    for number, one in enumerate(told):
        actor = out.account(one.raw.get("actor"))
        made = _made(one, raw, state, out)
        if made is not None and number < arrived and made["field"] is EventField.MILESTONE:
            made = {**made, "field": EventField.OTHER, "old_ids": (), "new_ids": ()}
        before, after = after, state.id(out) if one.kind in _MOVE else after
        if made is not None:
            events.append(
                FieldEvent(
                    work_item_id=id_,
                    source_event_id=one.id,
                    raw_field=one.kind,
                    at=one.at,
                    actor_id=actor,
                    **made,
                )
            )
        if before != after:
            events.append(
                FieldEvent(
                    work_item_id=id_,
                    source_event_id=f"{one.id}:status",
                    field=EventField.STATUS,
                    raw_field=one.kind,
                    at=one.at,
                    actor_id=actor,
                    old_ids=(before,),
                    new_ids=(after,),
                    old_text=before.removeprefix("label:"),
                    new_text=after.removeprefix("label:"),
                )
            )
    out.records.append(
        History(
            id_,
            HistoryState.PARTIAL if lost else HistoryState.COMPLETE,
            tuple(events),
            f"{lost} of its changes cannot be read" if lost else None,
        )
    )


def _told(events: list[Any], graphql: bool, out: Out) -> tuple[list[_Told], int]:
    """Events that are read, oldest first, and how many could not be understood."""
    found: list[_Told] = []
    seen: set[str] = set()
    lost = 0
    for one in events:
        event = table(one)
        kind = (
            _KINDS.get(text(event.get("__typename")) or "") if graphql else text(event.get("event"))
        )
        if kind is None or kind not in _READ:
            continue
        id_ = text(event.get("id") if graphql else event.get("node_id") or event.get("id"))
        at = instant(event.get("createdAt" if graphql else "created_at"))
        if not id_ or at is None:
            lost += 1
            out.issue(
                "bad-history",
                kind,
                event.get("createdAt" if graphql else "created_at"),
                "A change of this issue has no id or no usable time and is left out: its history "
                "counts as partial.",
            )
        elif id_ not in seen:
            seen.add(id_)
            found.append(_Told(id_, kind, at, event))
    found.sort(key=lambda told: told.at)
    return found, lost


def _made(one: _Told, raw: dict[str, Any], state: _State, out: Out) -> dict[str, Any] | None:
    """What an event says beside the state, which it moves; None if it says nothing more."""
    event, graphql = one.raw, by_graphql(raw)
    if one.kind == "closed":
        reason = lower(event.get("stateReason" if graphql else "state_reason"))
        state.closed = state_id("closed", reason)
        return None
    if one.kind == "reopened":
        state.closed = None
        return None
    if one.kind in ("labeled", "unlabeled"):
        return _label(one, state, out)
    if one.kind in ("milestoned", "demilestoned"):
        return _milestone(one, graphql, out)
    if one.kind in ("assigned", "unassigned"):
        return _person(one, out)
    if one.kind == "renamed":
        names = table(event.get("rename"))
        return {
            "field": EventField.TITLE,
            "old_text": short(event.get("previousTitle") if graphql else names.get("from")),
            "new_text": short(event.get("currentTitle") if graphql else names.get("to")),
        }
    if one.kind == "transferred":
        origin = table(event.get("fromRepository"))
        home = id_of(origin) if origin else None
        return {
            "field": EventField.PROJECT,
            "old_ids": (home,) if home else (),
            "new_ids": (scope_of(raw),),
            "old_text": short(origin.get("nameWithOwner")),
        }
    if one.kind in ("parent_issue_added", "parent_issue_removed"):
        return _parent(one, graphql)
    if one.kind.startswith("issue_type_"):
        return _type(one, graphql)
    return {"field": EventField.OTHER}


def _label(one: _Told, state: _State, out: Out) -> dict[str, Any]:
    name = short(table(one.raw.get("label")).get("name")) or ""
    folded = name.casefold()
    if one.kind == "labeled":
        if folded in out.mapping.status_labels:
            state.labels.add(folded)
        return {"field": EventField.LABELS, "new_text": name, "is_delta": True}
    state.labels.discard(folded)
    return {"field": EventField.LABELS, "old_text": name, "is_delta": True}


def _milestone(one: _Told, graphql: bool, out: Out) -> dict[str, Any]:
    """An event names a title and no id: it is the milestone if one alone is called so now."""
    event = one.raw
    title = text(
        event.get("milestoneTitle") if graphql else table(event.get("milestone")).get("title")
    )
    known = table(out.lookups.extra.get("milestones")).get(title or "", ())
    ids = tuple(known) if len(known) == 1 else ()
    side = "new" if one.kind == "milestoned" else "old"
    return {
        "field": EventField.MILESTONE,
        f"{side}_ids": ids,
        f"{side}_text": short(title),
        "is_delta": True,
        "origin": Origin.INFERRED,
    }


def _person(one: _Told, out: Out) -> dict[str, Any]:
    who = out.account(one.raw.get("assignee"))
    login = short(table(one.raw.get("assignee")).get("login"))
    side = "new" if one.kind == "assigned" else "old"
    return {
        "field": EventField.ASSIGNEE,
        f"{side}_ids": (who,) if who else (),
        f"{side}_text": login,
        "is_delta": True,
    }


def _parent(one: _Told, graphql: bool) -> dict[str, Any]:
    parent = table(one.raw.get("parent") if graphql else one.raw.get("parent_issue"))
    id_ = id_of(parent) if parent else None
    side = "new" if one.kind == "parent_issue_added" else "old"
    number = text(parent.get("number"))
    return {
        "field": EventField.PARENT,
        f"{side}_ids": (id_,) if id_ else (),
        f"{side}_text": f"#{number}" if number else None,
    }


def _type(one: _Told, graphql: bool) -> dict[str, Any]:
    now = table(one.raw.get("issueType" if graphql else "issue_type")).get("name")
    before = table(one.raw.get("prevIssueType" if graphql else "prev_issue_type")).get("name")
    removed = one.kind == "issue_type_removed"
    return {
        "field": EventField.TYPE,
        "old_text": short(now if removed else before),
        "new_text": None if removed else short(now),
    }
