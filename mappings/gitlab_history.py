"""GitLab's typed events of issues: state, labels, milestone, iteration, weight."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mappings import dates, label_rules
from mappings.gitlab_issue import LABEL, label_id
from mappings.gitlab_out import Out, blocked, gid, rows, why_not
from mappings.records import FieldEvent, History
from mappings.values import short, table, text, whole
from mappings.vocabulary import UNREAD_LINKS, EventField, HistoryState

#: What stands in place of something that was deleted: it was there, its name is lost.
_LOST = "unknown"
_OPENED, _CLOSED = "opened", "closed"
#: What an event of a state says -> whether the issue is closed after it.
_CLOSES = {"closed": True, "reopened": False, "opened": False}
_KINDS = {
    "state": EventField.STATUS,
    "label": EventField.LABELS,
    "milestone": EventField.MILESTONE,
    "iteration": EventField.ITERATION,
    "weight": EventField.POINTS,
}
#: Without these a history is not whole.
_NEEDED = ("state", "label", "milestone")


@dataclass(slots=True)
class _Standing:
    """Where an issue stands while its events are told in order."""

    closed: bool = False
    #: labels it carries, folded.
    labels: set[str] = field(default_factory=set)
    weight: str | None = None

    def status(self, out: Out) -> str:
        """Id of its status: a label speaks for an open issue."""
        if self.closed:
            return _CLOSED
        spoken = label_rules.status_of(self.labels, out.mapping) if self.labels else None
        return label_id(spoken[0]) if spoken else _OPENED


@dataclass(frozen=True, slots=True)
class _Told:
    """One event of one kind."""

    id: str
    kind: str
    #: as the server tells it, with its milliseconds: they order what is stored in seconds.
    at: datetime
    raw: dict[str, Any]


def history(raw: dict[str, Any], out: Out) -> None:
    """All events of one issue."""
    id_ = gid(raw.get("id"))
    if not id_:
        out.broken("histories", "a history without an issue id")
        return
    out.subject = f"history:{id_}"
    told, lost = _told(raw, out)
    standing = _Standing()
    events: list[FieldEvent] = []
    for one in told:
        made = list(_made(one, standing, out))
        actor = out.account(one.raw.get("user")) if made else None
        events.extend(
            FieldEvent(work_item_id=id_, at=one.at.replace(microsecond=0), actor_id=actor, **values)
            for values in made
        )
    state, reason = _state(raw, lost)
    out.records.append(History(id_, state, tuple(events), reason))
    if "links" in raw:
        _links(raw["links"], id_, out)


def _links(part: Any, id_: str, out: Out) -> None:
    """What the issue waits for; what it holds up is told by the issues that wait."""
    found = rows(part)
    if found is None:
        out.issue(
            UNREAD_LINKS,
            "links",
            None,
            f"Whether this issue waits for another is not read: {why_not(part)}. What rests on "
            "links says so; to read them the token's account needs to see the issue's links.",
        )
        return
    out.records.append(blocked(id_, (one for one in found if _waits(one))))


def _waits(one: dict[str, Any]) -> bool:
    return text(one.get("link_type")) == "is_blocked_by"


def _told(raw: dict[str, Any], out: Out) -> tuple[list[_Told], int]:
    """Events of all kinds, oldest first, and how many could not be understood."""
    found: list[_Told] = []
    lost = 0
    for kind in _KINDS:
        for one in rows(raw.get(kind)) or ():
            id_, at = gid(one.get("id")), dates.instant(one.get("created_at"))
            if id_ is not None and at is not None:
                found.append(_Told(id_, kind, at, one))
                continue
            lost += 1
            out.issue(
                "bad-history",
                "created_at",
                one.get("created_at"),
                "A change of this issue has no id or no usable time and is left out: its history "
                "counts as partial.",
            )
    found.sort(key=lambda told: (told.at, told.kind, whole(told.id) or 0))
    return found, lost


def _made(one: _Told, standing: _Standing, out: Out) -> Iterator[dict[str, Any]]:
    """What an event changed, and whether the issue's status moved with it."""
    id_ = f"{one.kind}:{one.id}"
    if one.kind == "state":
        closed = _CLOSES.get(text(one.raw.get("state")) or "")
        if closed is None:
            return
        # What came before the server told events is concluded from the first of them.
        standing.closed = not closed
        before = standing.status(out)
        standing.closed = closed
        yield _moved_status(id_, "state", before, standing.status(out))
        return
    if one.kind == "label":
        before = standing.status(out)
        yield {"source_event_id": id_, **_of_label(one.raw)}
        name = text(table(one.raw.get("label")).get("name"))
        if name:
            change = standing.labels.discard if _removed(one.raw) else standing.labels.add
            change(name.casefold())
        after = standing.status(out)
        if before != after:
            yield _moved_status(f"{id_}:status", "label", before, after)
        return
    if one.kind == "weight":
        before_weight, standing.weight = standing.weight, short(one.raw.get("weight"))
        yield {
            "source_event_id": id_,
            "field": EventField.POINTS,
            "raw_field": "weight",
            "old_text": before_weight,
            "new_text": standing.weight,
        }
        return
    yield {"source_event_id": id_, **_membership(one.raw, one.kind, _KINDS[one.kind])}


def _moved_status(id_: str, raw_field: str, before: str, after: str) -> dict[str, Any]:
    return {
        "source_event_id": id_,
        "field": EventField.STATUS,
        "raw_field": raw_field,
        "old_ids": (before,),
        "new_ids": (after,),
        "old_text": before.removeprefix(LABEL),
        "new_text": after.removeprefix(LABEL),
    }


def _state(raw: dict[str, Any], lost: int) -> tuple[HistoryState, str | None]:
    unread = [kind for kind in _NEEDED if rows(raw.get(kind)) is None]
    if len(unread) == len(_NEEDED):
        return HistoryState.UNAVAILABLE, why_not(raw.get(unread[0]))
    if unread:
        reasons = "; ".join(f"{kind} events: {why_not(raw.get(kind))}" for kind in unread)
        return HistoryState.PARTIAL, reasons
    if lost:
        return HistoryState.PARTIAL, f"{lost} of its changes cannot be read"
    return HistoryState.COMPLETE, None


def _of_label(one: dict[str, Any]) -> dict[str, Any]:
    name = short(table(one.get("label")).get("name")) or _LOST
    return {"field": EventField.LABELS, "raw_field": "label", "is_delta": True, **_moved(one, name)}


def _membership(one: dict[str, Any], name: str, role: EventField) -> dict[str, Any]:
    held = table(one.get(name))
    id_ = gid(held.get("id"))
    title = short(held.get("title")) or (id_ or _LOST)
    made: dict[str, Any] = {
        "field": role,
        "raw_field": name,
        "is_delta": True,
        **_moved(one, title),
    }
    if id_:
        made["old_ids" if _removed(one) else "new_ids"] = (id_,)
    return made


def _moved(one: dict[str, Any], name: str) -> dict[str, Any]:
    return {"old_text" if _removed(one) else "new_text": name}


def _removed(one: dict[str, Any]) -> bool:
    return text(one.get("action")) == "remove"
