"""Jira's change logs: who changed which field when, by ids and not by names."""

from operator import itemgetter
from typing import Any

from mappings.dates import instant
from mappings.jira_fields import MEMORY, FieldPlan, Told
from mappings.jira_out import Out
from mappings.records import FieldEvent, History
from mappings.text import clean, identity, plain
from mappings.values import TEXT_LIMIT, items, short, text
from mappings.vocabulary import MEMBERSHIP_FIELDS, EventField, HistoryState

#: Fields of which the vendor gives the id of one thing before and after.
_BY_ID = frozenset(
    {
        EventField.STATUS,
        EventField.VERSION,
        EventField.PARENT,
        EventField.ASSIGNEE,
        EventField.PRIORITY,
        EventField.TYPE,
        EventField.RESOLUTION,
        EventField.PROJECT,
    }
)
#: Fields whose plain value stands in `from` and `to`, and whose texts are worded for readers.
_BY_VALUE = frozenset({EventField.DUE_DATE, EventField.SECONDS})
#: All of a change that is read.
_CHANGE = ("fieldId", "field", "fieldtype", "from", "fromString", "to", "toString")
_get_change = itemgetter(*_CHANGE)


def inline(raw: dict[str, Any], id_: str, out: Out) -> History | None:
    """The history inside an issue, if it is all of it; None if it must be asked for.

    Servers cut it without a word: it is whole only where its own count says so.
    """
    log = raw.get("changelog")
    if not isinstance(log, dict):
        return None
    histories = log.get("histories")
    total = log.get("total")
    if not isinstance(histories, list) or not isinstance(total, int) or total != len(histories):
        return None
    events, lost = _events(histories, id_, out)
    return None if lost else History(id_, HistoryState.COMPLETE, events)


def changelog(raw: dict[str, Any], out: Out) -> None:
    """A history asked for on its own: `issueId`, `histories`, `complete`, `reason`."""
    id_ = text(raw.get("issueId"))
    if not id_:
        out.broken("changelogs", "a history without an issue id")
        return
    out.subject = f"history:{id_}"
    events, lost = _events(items(raw.get("histories")), id_, out)
    reason = text(raw.get("reason"))
    complete = raw.get("complete") is True and not lost
    if lost and reason is None:
        reason = f"{lost} of its changes cannot be read"
    out.records.append(
        History(
            work_item_id=id_,
            state=HistoryState.COMPLETE if complete else HistoryState.PARTIAL,
            events=events,
            reason=reason,
        )
    )


def _events(histories: list[Any], item_id: str, out: Out) -> tuple[tuple[FieldEvent, ...], int]:
    """Events in the vendor's order, and how many changes could not be read."""
    plan = out.plan
    events: list[FieldEvent] = []
    #: entries by id: one that straddles pages of the server may come twice, or in two parts.
    entries: dict[str, list[Any]] = {}
    lost = 0
    for entry in histories:
        history_id = text(entry.get("id")) if isinstance(entry, dict) else None
        at = instant(entry.get("created")) if isinstance(entry, dict) else None
        if history_id is None or at is None:
            lost += 1
            out.issue(
                "bad-history",
                "created",
                entry.get("created") if isinstance(entry, dict) else entry,
                "A change of this item has no id or no usable time and is left out: its history "
                "counts as partial.",
            )
            continue
        changes = items(entry.get("items"))
        earlier = entries.get(history_id)
        first = 0
        if earlier is None:
            entries[history_id] = changes
        else:
            changes = [one for one in changes if one not in earlier]
            first = len(earlier)
            entries[history_id] = [*earlier, *changes]
        actor = out.account(entry.get("author"))
        for index, item in enumerate(changes, first):
            if not isinstance(item, dict):
                continue
            role, name, old_ids, new_ids, old, new, is_delta, nameless = _told(item, plan)
            if nameless is not None:
                lost += 1
                out.issue(
                    "bad-history",
                    name,
                    nameless,
                    f"A change of {name} names what was there and gives no id: its history "
                    "counts as partial.",
                )
                continue
            events.append(
                FieldEvent(
                    item_id,
                    f"{history_id}.{index}",
                    role,
                    name,
                    at,
                    actor,
                    old_ids,
                    new_ids,
                    old,
                    new,
                    is_delta,
                )
            )
    return tuple(events), lost


def _told(item: dict[str, Any], plan: FieldPlan) -> Told:
    """What a change says. Most are few, made many times: what was read lately is not read again."""
    try:
        key = _get_change(item)
    except KeyError:
        # Older servers leave out the field's id.
        key = tuple(map(item.get, _CHANGE))
    try:
        found = plan.changes.get(key)
    except TypeError:
        # A list or an object where a text belongs.
        return _change(item, plan)
    if found is None:
        found = _change(item, plan)
        # Only texts: of other values unlike ones are equal. Long texts do not come again.
        if all(one is None or (one.__class__ is str and len(one) <= TEXT_LIMIT) for one in key):
            if len(plan.changes) >= MEMORY:
                plan.changes.clear()
            plan.changes[key] = found
    return found


def _change(item: dict[str, Any], plan: FieldPlan) -> Told:
    role, name = plan.entry(item)
    old_ids, old_text = _side(role, item.get("from"), item.get("fromString"))
    new_ids, new_text = _side(role, item.get("to"), item.get("toString"))
    nameless = None
    if role in MEMBERSHIP_FIELDS:
        if old_text and not old_ids:
            nameless = old_text
        elif new_text and not new_ids:
            nameless = new_text
    is_delta = role is EventField.VERSION
    return role, name, old_ids, new_ids, old_text, new_text, is_delta, nameless


def _side(role: EventField, value: Any, words: Any) -> tuple[tuple[str, ...], str | None]:
    """What was there before, or after: ids, and a text."""
    if role in _BY_ID:
        return _id(value), short(words)
    if role is EventField.SPRINT:
        return _ids(value), short(words)
    if role is EventField.DESCRIPTION:
        return (), _digest(words)
    if role in _BY_VALUE:
        return (), short(value or words)
    return (), short(words)


def _digest(value: Any) -> str | None:
    """The text's identity: descriptions are compared, not kept."""
    if not isinstance(value, str) or not value:
        return None
    digest, tokens = identity(plain(value))
    return f"sha256:{digest} tokens:{tokens}"


def _id(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        found = clean(value).strip()
    elif isinstance(value, int) and not isinstance(value, bool):
        found = str(value)
    else:
        return ()
    return (found,) if found else ()


def _ids(value: Any) -> tuple[str, ...]:
    """Ids written with commas between them: `12, 15`."""
    if not isinstance(value, str):
        return _id(value)
    return tuple(one for part in clean(value).split(",") if (one := part.strip()))
