"""What a view is, and the columns that many of them share."""

from dataclasses import dataclass
from typing import Literal

#: What a value of a column is by the page of views; "" where that says nothing of it.
Kind = Literal["instant", "day", "yes", ""]


@dataclass(frozen=True, slots=True)
class View:
    """A view: what a row is, its columns with their meaning, and its SELECT."""

    name: str
    about: str
    #: column -> meaning.
    columns: dict[str, str]
    sql: str

    def kind(self, column: str) -> Kind:
        """What its values are, by its line in docs/store.md."""
        meaning = self.columns[column]
        if "(UTC)" in meaning:
            return "instant"
        if column.endswith(("_date", "_on")):
            return "day"
        return "yes" if meaning.startswith("whether") else ""


CONNECTION = {"connection": "name of the connection in the configuration"}
PRESENCE = {
    "first_seen_at": "when driftline first saw it (UTC)",
    "gone_at": "since when it is known to be gone (UTC); empty while it is there",
    "gone_reason": "why: deleted, moved, hidden, left_scope, deleted_or_hidden, …",
}
