"""GitLab's typed events of issues: state, labels, milestone, iteration, weight."""

from datetime import datetime
from typing import Any

from mappings.gitlab_out import Out, gid, instant, rows, why_not
from mappings.quick import quick
from mappings.records import FieldEvent, History
from mappings.values import short, table, text
from mappings.vocabulary import EventField, HistoryState

_event = quick(FieldEvent)
#: What stands in place of something that was deleted: it was there, its name is lost.
_LOST = "unknown"
_OPENED, _CLOSED = "opened", "closed"
#: What an event says -> (state before, state after).
_STATES = {
    "closed": (_OPENED, _CLOSED),
    "reopened": (_CLOSED, _OPENED),
    "opened": (_CLOSED, _OPENED),
}
#: Without these a history is not whole.
_NEEDED = ("state", "label", "milestone")


def history(raw: dict[str, Any], out: Out) -> None:
    """All events of one issue."""
    id_ = gid(raw.get("id"))
    if not id_:
        out.broken("histories", "a history without an issue id")
        return
    out.subject = f"history:{id_}"
    events: list[FieldEvent] = []
    lost = 0
    for kind, make in _KINDS.items():
        weight: str | None = None
        for one in rows(raw.get(kind)) or ():
            event_id, at = gid(one.get("id")), instant(one.get("created_at"))
            if event_id is None or at is None:
                lost += 1
                out.issue(
                    "bad-history",
                    "created_at",
                    one.get("created_at"),
                    "A change of this issue has no id or no usable time and is left out: its "
                    "history counts as partial.",
                )
                continue
            made = make(one, weight)
            if made is None:
                continue
            if kind == "weight":
                weight = made["new_text"]
            events.append(
                _event(
                    work_item_id=id_,
                    source_event_id=f"{kind}:{event_id}",
                    at=at,
                    actor_id=out.account(one.get("user")),
                    **made,
                )
            )
    events.sort(key=_order)
    state, reason = _state(raw, lost)
    out.records.append(History(id_, state, tuple(events), reason))


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


def _order(event: FieldEvent) -> tuple[datetime, str, int]:
    kind, _, id_ = event.source_event_id.partition(":")
    return event.at, kind, int(id_) if id_.isdecimal() else 0


def _of_state(one: dict[str, Any], before: str | None) -> dict[str, Any] | None:
    said = text(one.get("state")) or ""
    old, new = _STATES.get(said, (None, None))
    if old is None or new is None:
        return None
    return {
        "field": EventField.STATUS,
        "raw_field": "state",
        "old_ids": (old,),
        "new_ids": (new,),
        "old_text": old,
        "new_text": said,
    }


def _of_label(one: dict[str, Any], before: str | None) -> dict[str, Any]:
    name = short(table(one.get("label")).get("name")) or _LOST
    return {"field": EventField.LABELS, "raw_field": "label", "is_delta": True, **_moved(one, name)}


def _of_milestone(one: dict[str, Any], before: str | None) -> dict[str, Any]:
    return _membership(one, "milestone", EventField.MILESTONE)


def _of_iteration(one: dict[str, Any], before: str | None) -> dict[str, Any]:
    return _membership(one, "iteration", EventField.ITERATION)


def _membership(one: dict[str, Any], name: str, field: EventField) -> dict[str, Any]:
    held = table(one.get(name))
    id_ = gid(held.get("id"))
    title = short(held.get("title")) or (id_ or _LOST)
    made: dict[str, Any] = {
        "field": field,
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


def _of_weight(one: dict[str, Any], before: str | None) -> dict[str, Any]:
    """An event tells the new weight only: the old one is that of the event before."""
    return {
        "field": EventField.POINTS,
        "raw_field": "weight",
        "old_text": before,
        "new_text": short(one.get("weight")),
    }


_KINDS = {
    "state": _of_state,
    "label": _of_label,
    "milestone": _of_milestone,
    "iteration": _of_iteration,
    "weight": _of_weight,
}
