"""What a store says of an item and a container at an instant, as any reader would ask it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from mappings.vocabulary import HistoryState, StatusCategory
from sync.ledger import relations
from sync.ledger.certainty import Standing, standing
from sync.ledger.load import Container
from sync.ledger.milestones import MilestoneFacts
from sync.ledger.origin import OriginFacts
from sync.reconcile.contract import Policy
from sync.reconcile.view import View

_STATES = {StatusCategory.DONE: "done", StatusCategory.CANCELLED: "cancelled"}


@dataclass(frozen=True, slots=True)
class Said:
    """One answer; what is unknown says nothing more."""

    standing: Standing
    points: float | None = None
    state: str | None = None
    parent: str | None = None


OUT, UNKNOWN = Said(Standing.OUT), Said(Standing.UNKNOWN)


class Ours:
    """The containers of a store as known at one instant."""

    def __init__(self, conn: sa.Connection, as_of: datetime, known_at: datetime) -> None:
        """Everything is loaded once; `said` asks for any date."""
        self.view = View(conn, Policy(), as_of, known_at, present=False)
        self.facts: dict[str, MilestoneFacts] = {
            one.subject: one for one in self.view.milestones.values()
        }
        loaded = self.view.containers(self.facts.values())
        self.containers: Mapping[str, Container] = {
            name: loaded[one.key] for name, one in self.facts.items()
        }

    def origins(self, container: str, ids: Collection[str]) -> Mapping[str, OriginFacts]:
        """What the store knows of where items came from."""
        return relations.origin_facts(
            self.view.conn,
            self.containers[container],
            ids,
            as_of=self.view.as_of,
            known_at=self.view.known_at,
            end_of=self.view.end_of,
        )

    def ends(self, container: str) -> datetime | None:
        """When a container is to end."""
        return self.view.due(self.facts[container])

    def said(self, container: str, item_id: str, at: datetime) -> Said:
        """What is said of an item that the container knows; OUT if it never was in it."""
        held = self.containers[container]
        lost = any(one.item_id == item_id and one.holds(at) for one in held.nameless)
        if item_id not in held.by_item:
            return UNKNOWN if lost else OUT
        one, facts = held.by_item[item_id], held.items[item_id]
        found = standing(one, at, created_at=facts.created_at, history=facts.history_state)
        if found is Standing.OUT and lost:
            return UNKNOWN
        if found is not Standing.IN:
            return Said(found)
        if facts.history_state is not HistoryState.COMPLETE:
            return Said(found)
        category = one.category.undone(at)
        return Said(
            found,
            one.points.undone(at),
            "unknown" if category is StatusCategory.UNKNOWN else _STATES.get(category, "open"),
            one.parent.undone(at),
        )
