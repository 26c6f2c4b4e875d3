"""The rows of a page inside the caller's transaction: read what is known, write the difference."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa

from mappings.records import (
    Account,
    BoardItem,
    BoardMilestones,
    DataIssue,
    Field,
    History,
    Links,
    Milestone,
    Scope,
    Status,
    WorkItem,
)
from sync.store import boards, branches, entities, items, payloads, relations, rename, schema
from sync.store.code_writer import CodeWriter
from sync.store.page import Page
from sync.store.payloads import RawLike
from sync.store.rows import Fate, MembershipRow


class StoreLike(Protocol):
    """What a writer needs of the store."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        ...


class Writer:
    """Writes records of one connection; `rows` counts source-data rows that really changed.

    One writer serves one transaction: it remembers what it read, so that a table is not asked for
    items that are new.
    """

    def __init__(
        self,
        store: StoreLike,
        conn: sa.Connection,
        connection_id: int,
        now: datetime,
        *,
        is_replay: bool = False,
    ) -> None:
        """`now` (UTC) becomes `known_from` and `first_seen_at` of what is new.

        `is_replay`: records come from stored payloads: what is gone stays gone.
        """
        self._page = Page(store.dialect, conn, connection_id, now, is_replay=is_replay)
        #: writes what code hosting brings, in the same transaction and count.
        self.code = CodeWriter(self._page)

    @property
    def rows(self) -> int:
        """Source-data rows inserted, changed or closed so far."""
        return self._page.rows

    def raw(self, scope_id: str, records: Sequence[RawLike]) -> frozenset[str]:
        """Keep the newest payload of each record; ids whose payload is new or differs.

        Call it before the records of the same page are written: it tells which items are new.
        """
        return payloads.write(self._page, scope_id, records)

    def accounts(self, records: Iterable[Account]) -> None:
        """Accounts; a mention without e-mail or name never blanks what is known."""
        entities.write_accounts(self._page, records)

    def scopes(self, records: Iterable[Scope]) -> None:
        """Projects, repositories with their default branches, and boards.

        Items and changes of a repository that got another key are called by it; the former key
        stays an alias.
        """
        mine = list(records)
        before = rename.known_keys(self._page, mine) if mine else {}
        entities.write_simple(self._page, schema.scope, entities.SCOPE, mine)
        rename.follow(self._page, before, mine)
        branches.write(self._page, mine)

    def call_by(self, scope_id: str, key: str) -> None:
        """Every `name#number` of this repository begins with its key; the former is an alias."""
        rename.call_by(self._page, scope_id, key)

    def statuses(self, records: Iterable[Status]) -> None:
        """Workflow statuses."""
        entities.write_simple(self._page, schema.status, entities.STATUS, records)

    def fields(self, records: Iterable[Field]) -> None:
        """Field definitions."""
        entities.write_simple(self._page, schema.field, entities.FIELD, records)

    def milestones(
        self,
        records: Iterable[Milestone],
        *,
        sightings: bool = False,
        observed_after: datetime | None = None,
    ) -> None:
        """Milestones and, where dates, state or name changed, an event of it.

        `sightings`: mentions inside other entities never overwrite a milestone's own listing.
        `observed_after`: the reading before (UTC): the change happened after it.
        """
        entities.write_milestones(
            self._page, records, sightings=sightings, observed_after=observed_after
        )

    @property
    def fresh(self) -> frozenset[str]:
        """Ids of items that no table knew before this transaction."""
        return frozenset(self._page.fresh)

    def work_items(
        self, records: Iterable[WorkItem], follows: Mapping[str, items.Follows] | None = None
    ) -> frozenset[str]:
        """Items; ids inserted, changed or seen again after they were gone.

        An item that moved and whose record brings no history waits for it (`not_fetched`). An
        older page never undoes a newer row, nor its links and history. `follows`: for items whose
        complete history is written in this transaction too, what `settle` would write.
        """
        return items.write_items(self._page, records, follows)

    def histories(self, records: Iterable[History], *, states: bool = True) -> frozenset[str]:
        """The whole known history of each item, as a set: what differs is closed and inserted.

        Only a complete history takes away what it does not hold. The ids taken: a history that came
        with an older item is not. `states` False leaves the items' history state to `settle`.
        """
        return items.write_histories(self._page, records, states=states)

    def memberships(self, by_item: Mapping[str, Sequence[MembershipRow]]) -> None:
        """All intervals of each item: what differs from what is known is closed and inserted."""
        items.write_memberships(self._page, by_item)

    def settle(self, by_item: Mapping[str, items.Follows]) -> None:
        """(history state, its reason, begin of work, end of work) of items, instants in UTC.

        All four follow from an item's history and count as no source-data row of their own.
        """
        items.settle(self._page, by_item)

    def tombstones(self, gone: Mapping[str, Fate]) -> None:
        """Mark work items as gone: id -> why. Nothing is deleted."""
        items.write_tombstones(self._page, gone)

    def resolve_parents(self) -> None:
        """Parents named by key (Data Center's epic link) become ids, once both are stored."""
        items.resolve_parents(self._page)

    def links(self, records: Iterable[Links]) -> None:
        """The set of links each item declares; what vanished is withdrawn, not deleted."""
        relations.write_links(self._page, records)

    def scope_entities(self, scope_id: str, kind: str, ids: Collection[str]) -> None:
        """The complete set of entities that a scope holds.

        A milestone that no scope holds any more is gone (`left_scope`).
        """
        relations.write_scope_entities(self._page, scope_id, kind, ids)

    def listing(self, kind: str, scope_id: str | None, ids: Collection[str]) -> None:
        """A complete listing: what it does not name is gone.

        `kind` is `status`, `field`, or a milestone kind (then of the scope `scope_id`).
        """
        entities.write_listing(self._page, kind, scope_id, ids)

    def board_items(
        self, records: Iterable[BoardItem], watched_fields: Collection[str] = ()
    ) -> frozenset[str]:
        """Lines of boards and what they say; ids of work items of which something else is said.

        `watched_fields`: what appears in one of these came since an earlier whole reading.
        """
        return boards.write_items(self._page, records, watched_fields)

    def board_items_left(self, ids: Iterable[str]) -> frozenset[str]:
        """Lines that left their boards; ids of work items of which something else is said."""
        return boards.write_left(self._page, ids)

    def board_milestones(self, records: Iterable[BoardMilestones]) -> None:
        """Which milestones each board gives; one that none gives any more is gone."""
        boards.write_milestones(self._page, records)

    def overlays(self, by_item: Mapping[str, Sequence[boards.Overlay]]) -> None:
        """All that boards lay over each of these items: what differs is closed and inserted."""
        boards.write_overlays(self._page, by_item)

    def data_issues(self, subjects: Collection[str], issues: Sequence[DataIssue]) -> None:
        """The issues of these subjects, as a set; of other subjects only what is new is added."""
        relations.write_data_issues(self._page, subjects, issues)
