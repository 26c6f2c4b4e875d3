"""Every version of an item's description that its stored payloads tell; pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mappings.contents import Contents, contents
from mappings.dates import instant
from mappings.values import items, table


@dataclass(frozen=True, slots=True)
class Version:
    """What a description said from an instant on."""

    #: since when at the latest (UTC); None: when it was read is all there is.
    at: datetime | None
    contents: Contents
    #: its history tells the instant; otherwise it was read like this.
    told: bool


#: (payload of the issue, payload of its history if that is kept apart) -> versions, oldest first.
#: None of them: the description was not read.
Reader = Callable[[Mapping[str, Any], Mapping[str, Any] | None], tuple[Version, ...]]


def jira(issue: Mapping[str, Any], history: Mapping[str, Any] | None) -> tuple[Version, ...]:
    """Jira's change log holds both texts of every edit, so all of them where it is whole."""
    fields = table(issue.get("fields"))
    if "description" not in fields:
        return ()
    created = instant(fields.get("created"))
    edits = _edits(issue, history)
    if edits is None or created is None:
        now = contents(fields["description"], "wiki")
        return (Version(instant(fields.get("updated")), now, told=False),)
    if not edits:
        return (Version(created, contents(fields["description"], "wiki"), told=True),)
    # Compared among themselves: a log words a text in another notation than the issue does.
    first = Version(created, contents(edits[0][1], "wiki"), told=True)
    return (first, *(Version(at, contents(new, "wiki"), told=True) for at, _, new in edits))


def _edits(
    issue: Mapping[str, Any], history: Mapping[str, Any] | None
) -> list[tuple[datetime, Any, Any]] | None:
    """(instant, text before, text after) in order; None where the log is not whole."""
    log = table(issue.get("changelog"))
    entries, total = log.get("histories"), log.get("total")
    if not isinstance(entries, list) or total != len(entries):
        if history is None or history.get("complete") is not True:
            return None
        entries = items(history.get("histories"))
    found: list[tuple[datetime, Any, Any]] = []
    for entry in map(table, entries):
        for item in map(table, items(entry.get("items"))):
            if item.get("fieldtype") == "custom":
                continue
            if (item.get("fieldId") or item.get("field")) != "description":
                continue
            at = instant(entry.get("created"))
            if at is None:
                return None
            found.append((at, item.get("fromString"), item.get("toString")))
    # An entry may come twice; within one instant the log's own order stands.
    unique = {(at, str(old), str(new)): (at, old, new) for at, old, new in found}
    return sorted(unique.values(), key=lambda edit: edit[0])


def github(issue: Mapping[str, Any], _history: Mapping[str, Any] | None) -> tuple[Version, ...]:
    """GitHub tells nothing of former bodies: what was read, since its last change at the latest."""
    return _as_read(issue, "body", "updated_at", "updatedAt")


def gitlab(issue: Mapping[str, Any], _history: Mapping[str, Any] | None) -> tuple[Version, ...]:
    """GitLab notes that a description changed and not what it said: what was read."""
    return _as_read(issue, "description", "updated_at", "updatedAt")


def _as_read(issue: Mapping[str, Any], name: str, *stamps: str) -> tuple[Version, ...]:
    if name not in issue:
        return ()
    at = next((at for stamp in stamps if (at := instant(issue.get(stamp))) is not None), None)
    return (Version(at, contents(issue[name], "markdown"), told=False),)


READERS: Mapping[str, Reader] = {"jira": jira, "github": github, "gitlab": gitlab}
