"""What a person calls the subject of a finding."""

from collections.abc import Iterable
from dataclasses import dataclass

from mappings.vocabulary import MilestoneKind
from sync.reconcile import changes
from sync.reconcile.view import View
from sync.reconcile.words import item_label

#: Kinds of subjects that are milestones.
MILESTONES = frozenset(kind.value for kind in MilestoneKind)


@dataclass(frozen=True, slots=True)
class Labels:
    """Names out of one view; items are read many at a time by `read_ahead`."""

    view: View

    def read_ahead(self, subjects: Iterable[tuple[int | None, str]]) -> None:
        """Read the items and changes among these subjects, a query or two per connection."""
        ids: dict[int, set[str]] = {}
        of_changes: dict[int, set[str]] = {}
        for connection_id, subject in subjects:
            kind, _, id_ = subject.partition(":")
            if kind == "issue" and connection_id is not None:
                ids.setdefault(connection_id, set()).add(id_)
            elif kind == "change" and connection_id is not None:
                of_changes.setdefault(connection_id, set()).add(id_)
        changes.lines(self.view, of_changes)
        self.view.item_facts(ids)

    def label(self, connection_id: int | None, subject: str) -> str:
        """`Release 3.2`, `APO-12 Add login`, `APO`, `versions of jira APO`."""
        kind, _, id_ = subject.partition(":")
        if kind == "stream":
            return _stream(id_)
        if connection_id is None:
            return id_
        if kind == "issue":
            found = self.view.item_facts({connection_id: [id_]}).get((connection_id, id_))
            return item_label(found) if found is not None else id_
        if kind == "change":
            line = changes.lines(self.view, {connection_id: [id_]}).get((connection_id, id_))
            return line.label if line is not None else id_
        if kind == "repository":
            return changes.path(self.view, (connection_id, id_))
        if kind == "project":
            names = (
                one.key
                for one in self.view.projects
                if (one.connection_id, one.source_id) == (connection_id, id_)
            )
            return next(names, id_)
        if kind in MILESTONES:
            return self.milestone(connection_id, (MilestoneKind(kind), id_)) or id_
        return f"{kind} {id_}"

    def milestone(
        self, connection_id: int | None, milestone: tuple[MilestoneKind, str] | None
    ) -> str | None:
        """Name of the milestone a finding belongs to, if it does."""
        if connection_id is None or milestone is None:
            return None
        facts = self.view.milestones.get((connection_id, *milestone))
        return facts.name if facts is not None else None


def _stream(id_: str) -> str:
    connection, _, rest = id_.partition("/")
    scope, _, stream = rest.rpartition("/")
    if scope == "*":
        return connection
    return f"{connection} {scope}" if stream == "*" else f"{stream} of {connection} {scope}"
