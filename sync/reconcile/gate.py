"""Whether what a subject's judgement rests on was read; if not, why."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from connectors.contract import StreamSpec
from mappings.vocabulary import MilestoneKind
from sync.ledger.milestones import MilestoneFacts
from sync.reconcile import changes
from sync.reconcile.contract import Detector
from sync.reconcile.coverage import needed
from sync.reconcile.labels import MILESTONES
from sync.reconcile.needs import by_feeds, offered_by
from sync.reconcile.view import View


@dataclass
class Gate:
    """Answers for one view; what it found out once it keeps."""

    view: View
    _lacks: dict[tuple[int, str, str, tuple[str, ...]], list[str]] = field(default_factory=dict)
    _offered: dict[str, Sequence[StreamSpec]] = field(default_factory=dict)
    _over_items: dict[int, str | None] = field(default_factory=dict)

    def reason(
        self,
        detector: Detector,
        connection_id: int | None,
        subject: str,
        milestone: tuple[MilestoneKind, str] | None = None,
    ) -> str | None:
        """Why this subject may not be judged by this detector; None: it may."""
        if not detector.needs or connection_id is None:
            return None
        kind = self.view.connections.get(connection_id, ("", ""))[1]
        streams = detector.needs.get(kind)
        if streams is None:
            if kind not in self._offered:
                self._offered[kind] = offered_by(kind)
            streams = by_feeds(detector, self._offered[kind])
        if streams is None:
            return f"it cannot judge what comes from {kind or 'an unknown source'}"
        about, _, id_ = subject.partition(":")
        wanted = milestone
        if wanted is None and about in MILESTONES:
            wanted = (MilestoneKind(about), id_)
        if wanted is not None:
            facts = self.view.milestones.get((connection_id, *wanted))
            if facts is None:
                return None
            return self._of_milestone(facts, streams) or self._over(connection_id)
        if about == "repository":
            lacking = self._project(connection_id, id_, streams)
            return lacking[0] if lacking else None
        if about == "change":
            one = changes.lines(self.view, {connection_id: [id_]}).get((connection_id, id_))
            if one is None:
                return None
            return self.reason(detector, connection_id, f"repository:{one.scope_id}")
        if about == "project":
            return self._of_project(connection_id, id_, streams)
        if about == "issue":
            found = self.view.item_facts({connection_id: [id_]}).get((connection_id, id_))
            return self._of_project(connection_id, found.scope_id, streams) if found else None
        return None

    def _of_milestone(self, facts: MilestoneFacts, streams: Collection[str]) -> str | None:
        of_projects, of_boards = needed(streams, facts.kind)
        projects: frozenset[str]
        if facts.kind is MilestoneKind.VERSION:
            projects = frozenset({facts.scope_id} if facts.scope_id else ())
        else:
            (plan,) = self.view.plans([facts])
            projects = plan.container.scopes
            if facts.kind in (MilestoneKind.MILESTONE, MilestoneKind.ITERATION, MilestoneKind.EPIC):
                # Without it, a milestone none of whose items could be read would look empty.
                projects |= self._served(facts)
        for id_ in sorted(projects):
            lacking = self._project(facts.connection_id, id_, of_projects)
            if lacking:
                return lacking[0]
        if facts.kind is not MilestoneKind.SPRINT or not of_boards:
            return None
        boards = self.view.boards.get((facts.connection_id, facts.source_id), ())
        lacking_by_board = [self._board(facts.connection_id, id_, of_boards) for id_ in boards]
        # A sprint that several boards hold was read when one of them was.
        if lacking_by_board and all(lacking_by_board):
            return lacking_by_board[0][0]
        return None

    def _served(self, facts: MilestoneFacts) -> set[str]:
        """The repository or project that a milestone belongs to; those of a group's one."""
        if facts.scope_id is None:
            return set()
        kind, key = self.view.holders.get((facts.connection_id, facts.scope_id), ("", ""))
        if kind != "group":
            return {facts.scope_id} if kind else set()
        return {
            id_
            for (connection_id, id_), (inner, path) in self.view.holders.items()
            if connection_id == facts.connection_id
            and inner != "group"
            and path.casefold().startswith(f"{key.casefold()}/")
        }

    def _of_project(self, connection_id: int, id_: str, streams: Collection[str]) -> str | None:
        of_projects, of_boards = needed(streams, None)
        lacking = self._project(connection_id, id_, of_projects)
        if lacking:
            return lacking[0]
        over = self._over(connection_id)
        if over is not None:
            return over
        for board in self.view.project_boards.get((connection_id, id_), ()):
            lacking = self._board(connection_id, board, of_boards)
            # A board without sprints has nothing to read; that is no gap.
            if lacking and not self._has_no_sprints(connection_id, board):
                return lacking[0]
        return None

    def _over(self, connection_id: int) -> str | None:
        """Why what boards say of items is not known; a board may say it of any item."""
        if connection_id not in self._over_items:
            found = self.view.coverage.over_items(connection_id)
            self._over_items[connection_id] = found[0] if found else None
        return self._over_items[connection_id]

    def _project(self, connection_id: int, id_: str, streams: Collection[str]) -> list[str]:
        kind, key = self.view.holders.get((connection_id, id_), ("project", None))
        return self._cached(connection_id, kind, id_, key, streams)

    def _board(self, connection_id: int, id_: str, streams: Collection[str]) -> list[str]:
        return self._cached(connection_id, "board", id_, None, streams)

    def _has_no_sprints(self, connection_id: int, board: str) -> bool:
        outcomes = {
            one.outcome
            for one in self.view.coverage.readings
            if one.connection_id == connection_id
            and one.scope_kind == "board"
            and one.scope_id == board
            and one.stream == "sprints"
        }
        return outcomes <= {"unavailable"}

    def _cached(
        self, connection_id: int, kind: str, id_: str, key: str | None, streams: Collection[str]
    ) -> list[str]:
        name = (connection_id, kind, id_, tuple(streams))
        if name not in self._lacks:
            self._lacks[name] = self.view.coverage.lacks(
                (connection_id, kind, id_), key, streams, kind
            )
        return self._lacks[name]
