"""Complete histories: in bulk on Cloud, item by item elsewhere; a cut one is found out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice, repeat
from typing import Any

from connectors.contract import (
    NotFound,
    Page,
    RawRecord,
    ScopeRef,
    UnexpectedAnswer,
    Unreadable,
    Window,
)
from connectors.jira import cut
from connectors.jira.jql import from_millis
from connectors.jira.site import Site
from connectors.jsonbytes import encode
from connectors.rows import objects, page_token

#: Most ids, and most entries, of one bulk request (vendor's limits).
BULK_IDS, BULK_ENTRIES = 1000, 10000
#: Data Center: items per page handed to the engine.
_CHUNK = 50

_EPOCH = from_millis(0)
_BULK = "changelog/bulkfetch"


def read(site: Site, scope: ScopeRef, window: Window) -> Iterator[Page]:
    """The whole history of each item in `window.ids`."""
    ids = list(dict.fromkeys(window.ids))
    if not ids:
        yield Page((), committed=True)
        return
    if site.cloud and site.may("bulk_changelog"):
        yield from _in_bulk(site, ids)
        return
    for start in range(0, len(ids), _CHUNK):
        yield _one_by_one(site, ids[start : start + _CHUNK], start + _CHUNK >= len(ids))


def in_bulk(site: Site, ids: Sequence[str]) -> tuple[RawRecord, ...]:
    """Histories of at most `BULK_IDS` items; none where the server has no bulk endpoint."""
    if not ids or not site.may("bulk_changelog"):
        return ()
    merged = _bulk(site, ids)
    if merged is None:
        site.lacks("bulk_changelog")
        return ()
    # An item that the whole answer does not name has no history.
    nothing = _Merged()
    return tuple(_bulk_record(id_, merged.get(id_, nothing)) for id_ in dict.fromkeys(ids))


def _in_bulk(site: Site, ids: Sequence[str]) -> Iterator[Page]:
    for start in range(0, len(ids), BULK_IDS):
        part = ids[start : start + BULK_IDS]
        last = start + BULK_IDS >= len(ids)
        records = in_bulk(site, part)
        if not records:
            yield _one_by_one(site, part, last)
            continue
        yield Page(records, committed=last, done_ids=tuple(part))


@dataclass(slots=True)
class _Merged:
    """The history of one item out of all pages that hold a part of it."""

    #: history id -> entry.
    entries: dict[str, Any] = field(default_factory=dict)
    #: the same entries as the server wrote them, any number in each, and how many they are: fewer
    #: where an answer could not be cut.
    written: list[bytes] = field(default_factory=list)
    count: int = 0


def _bulk(site: Site, ids: Sequence[str]) -> dict[str, _Merged] | None:
    """The history of each item that has one; None where the server has no bulk endpoint.

    One item may straddle pages, so entries are merged by their own id.
    """
    merged: dict[str, _Merged] = {}
    token: str | None = None
    used: set[str] = set()
    while True:
        body: dict[str, Any] = {"issueIdsOrKeys": list(ids), "maxResults": BULK_ENTRIES}
        if token:
            body["nextPageToken"] = token
        answer = site.transport.post(f"{site.api}/{_BULK}", body, allow=frozenset({404, 405, 410}))
        if answer.status >= 400:
            return None
        page = answer.object()
        logs = page.get("issueChangeLogs")
        if not isinstance(logs, list):
            raise UnexpectedAnswer("the answer has no change logs", where=_BULK)
        written: Iterable[bytes | None]
        written = cut.histories(answer.body, len(logs), is_utf8=answer.is_utf8) or repeat(None)
        for log, lines in zip(objects(logs, _BULK, "issueId"), written, strict=False):
            mine = merged.setdefault(str(log["issueId"]), _Merged())
            entries = objects(log.get("changeHistories", ()), _BULK)
            mine.entries.update((str(entry.get("id")), entry) for entry in entries)
            if entries and lines is not None:
                mine.written.append(lines)
                mine.count += len(entries)
        token = page_token(page.get("nextPageToken"), _BULK)
        if token is None:
            return merged
        if token in used:
            raise UnexpectedAnswer("the server hands out the same page token twice", where=_BULK)
        used.add(token)


def _one_by_one(site: Site, ids: Sequence[str], last: bool) -> Page:
    records: list[RawRecord] = []
    unreadable: list[Unreadable] = []
    for id_ in ids:
        try:
            entries, reason = _single(site, id_)
        except NotFound as error:
            unreadable.append(Unreadable(id_, error.what, "missing"))
            continue
        records.append(_record(id_, entries, reason))
    return Page(
        tuple(records),
        committed=last,
        unreadable=tuple(unreadable),
        done_ids=tuple(record.source_id for record in records),
    )


def _single(site: Site, id_: str) -> tuple[dict[str, Any], str | None]:
    """Entries of one item by their id, and why they are not all, if they are not.

    Raises NotFound for an item that is gone.
    """
    if not site.may("paged_changelog"):
        return _expanded(site, id_)
    entries: dict[str, Any] = {}
    start = 0
    total: object = None
    while True:
        answer = site.transport.get(
            f"{site.api}/issue/{id_}/changelog",
            {"startAt": start, "maxResults": 100},
            allow=frozenset({404, 405, 410}),
        )
        page = answer.parsed if answer.status < 400 and isinstance(answer.parsed, dict) else {}
        values = page.get("values", page.get("histories"))
        if not isinstance(values, list):
            found = _expanded(site, id_)
            # The item is there: it is the endpoint that is missing, as before Data Center 9.
            site.lacks("paged_changelog")
            return found
        known = len(entries)
        entries.update((str(entry.get("id")), entry) for entry in objects(values, "changelog"))
        start += len(values)
        total = page.get("total")
        if page.get("isLast") is True or not values:
            break
        if page.get("isLast") is None and isinstance(total, int) and start >= total:
            break
        if len(entries) == known:
            return entries, "the server repeats a page of changes"
    return entries, _cut(len(entries), total)


def _expanded(site: Site, id_: str) -> tuple[dict[str, Any], str | None]:
    """Older Data Center: the history comes with the issue itself, or not at all."""
    issue = site.transport.get(
        f"{site.api}/issue/{id_}", {"fields": "id", "expand": "changelog"}
    ).object()
    log = issue.get("changelog")
    if not isinstance(log, dict) or not isinstance(log.get("histories"), list):
        return {}, "the server gives no history"
    held = objects(log["histories"], "changelog")
    entries = {str(entry.get("id")): entry for entry in held}
    return entries, _cut(len(entries), log.get("total"))


def _cut(known: int, total: object) -> str | None:
    if isinstance(total, int) and known < total:
        return f"the server gives {known} of {total} changes"
    return None


def _bulk_record(id_: str, found: _Merged) -> RawRecord:
    """As `_record`; the entries are kept as they were written, where that is their order."""
    ordered = list(found.entries.values())
    if found.count != len(ordered) or not _is_ordered(ordered):
        return _record(id_, found.entries, None)
    payload = cut.changelog(id_, found.written, found.count)
    return RawRecord("changelogs", id_, payload, parsed=_payload(id_, ordered, None))


def _record(id_: str, entries: dict[str, Any], reason: str | None) -> RawRecord:
    ordered = list(entries.values())
    if not _is_ordered(ordered):
        ordered.sort(key=_order)
    payload = _payload(id_, ordered, reason)
    return RawRecord("changelogs", id_, encode(payload), parsed=payload)


def _payload(id_: str, ordered: list[Any], reason: str | None) -> dict[str, Any]:
    return {
        "issueId": id_,
        "histories": ordered,
        "total": len(ordered),
        "complete": reason is None,
        "reason": reason,
    }


def _is_ordered(entries: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the server sent them oldest first, seen without reading a single date.

    Texts of one length and one offset compare as their instants do.
    """
    if len(entries) < 2:
        return True
    before = entries[0].get("created")
    if not isinstance(before, str):
        return False
    size, offset = len(before), before[-5:]
    for entry in islice(entries, 1, None):
        text = entry.get("created")
        if not isinstance(text, str) or len(text) != size or text[-5:] != offset or text <= before:
            return False
        before = text
    return True


def _order(entry: Mapping[str, Any]) -> tuple[datetime, int, str]:
    """Oldest first; `created` is epoch milliseconds or ISO text, by endpoint and version."""
    created, id_ = entry.get("created"), str(entry.get("id"))
    at = _EPOCH
    try:
        if isinstance(created, str):
            moment = datetime.fromisoformat(created)
            at = moment if moment.tzinfo is not None else _EPOCH
        elif isinstance(created, int):
            at = from_millis(created)
    except (ValueError, OverflowError, OSError):
        at = _EPOCH
    return at, int(id_) if id_.isdecimal() else 2**63, id_
