"""What a view is, and the columns that many of them share."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class View:
    """A view: what a row is, its columns with their meaning, and its SELECT."""

    name: str
    about: str
    #: column -> meaning.
    columns: dict[str, str]
    sql: str


CONNECTION = {"connection": "name of the connection in the configuration"}
PRESENCE = {
    "first_seen_at": "when driftline first saw it (UTC)",
    "gone_at": "since when it is known to be gone (UTC); empty while it is there",
    "gone_reason": "why: deleted, moved, hidden, left_scope, deleted_or_hidden, …",
}
