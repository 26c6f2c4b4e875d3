"""Web links of items: no bulk form exists, so they cost one request per item."""

from collections.abc import Iterator

from connectors.contract import Page, RawRecord, Unreadable, Window
from connectors.jira.site import Site
from connectors.jsonbytes import encode

_CHUNK = 50


def read(site: Site, window: Window) -> Iterator[Page]:
    """All links of each item in `window.ids`, as one record per item."""
    ids = list(dict.fromkeys(window.ids))
    for start in range(0, max(1, len(ids)), _CHUNK):
        part = ids[start : start + _CHUNK]
        records: list[RawRecord] = []
        unreadable: list[Unreadable] = []
        for id_ in part:
            answer = site.transport.get(
                f"{site.api}/issue/{id_}/remotelink", allow=frozenset({403, 404})
            )
            if answer.status >= 400:
                kind = "forbidden" if answer.status == 403 else "missing"
                unreadable.append(Unreadable(id_, "its links cannot be read", kind))
                continue
            payload = {"issueId": id_, "links": answer.array()}
            records.append(RawRecord("remote_links", id_, encode(payload)))
        yield Page(
            tuple(records),
            committed=start + _CHUNK >= len(ids),
            unreadable=tuple(unreadable),
            done_ids=tuple(one.source_id for one in records),
        )
