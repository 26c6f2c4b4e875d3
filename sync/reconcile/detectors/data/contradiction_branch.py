"""Which changes landed on a branch from which nothing is known to go on."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import ChangeState
from sync.reconcile.changes import ChangeLine, Pair
from sync.reconcile.view import View, joined_key
from sync.store import tables_code as code

#: Branches that are kept for what was released, or will be: work for those belongs there.
_OF_RELEASES = re.compile(
    r"\d+[._]\d+|\d+[._-]x\b|^v?\d+$|(^|[/_-])(release|hotfix|support|stable|maint|lts)", re.I
)


@dataclass
class Branches:
    """Branches of the repositories in which some changes landed, at the view's instant."""

    view: View
    changes: Sequence[ChangeLine]
    #: a branch on which so many changes landed is a line of its own.
    line_changes: int
    #: present default branch of each repository: (connection id, scope id) -> name.
    default: dict[Pair, str] = field(default_factory=dict)
    #: every branch that was known to be that.
    _defaults: dict[Pair, set[str]] = field(default_factory=dict)
    #: how many changes landed on each branch, and when the first and last of those did.
    _landed: dict[tuple[Pair, str], tuple[int, datetime]] = field(default_factory=dict)
    #: when a change that carries a branch on landed last.
    _carried: dict[tuple[Pair, str], datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the default branches, and of branches beside them what landed there."""
        self._read_defaults()
        beside = {
            ((one.connection_id, one.scope_id), one.base_ref)
            for one in self.changes
            if one.base_ref is not None
            and self._is_other((one.connection_id, one.scope_id), one.base_ref)
        }
        if beside:
            self._read_landed({repository for repository, _ in beside})
            self._read_carried(beside)

    def beside(self, change: ChangeLine, settled: datetime) -> bool:
        """Whether it landed beside the default branch, where it may have been left (UTC)."""
        repository, name = (change.connection_id, change.scope_id), change.base_ref
        if name is None or change.merged_at is None or change.merged_at > settled:
            return False
        if not self._is_other(repository, name) or _OF_RELEASES.search(name):
            return False
        first = self._landed.get((repository, self.default[repository]))
        if first is None or first[1] >= change.merged_at:
            # It may have been the default branch then, under the name that it had.
            return False
        number, _ = self._landed.get((repository, name), (0, change.merged_at))
        carried = self._carried.get((repository, name))
        return number < self.line_changes and (carried is None or carried < change.merged_at)

    @property
    def unknown(self) -> list[Pair]:
        """Repositories of which nobody told the default branch."""
        places = {(one.connection_id, one.scope_id) for one in self.changes}
        return sorted(places - self.default.keys())

    def _is_other(self, repository: Pair, name: str) -> bool:
        return repository in self.default and name not in self._defaults[repository]

    def _read_defaults(self) -> None:
        c = code.default_branch.c
        rows = self.view.conn.execute(
            sa.select(c.connection_id, c.scope_id, c.name, c.known_to)
            .where(c.known_from <= self.view.known_at)
            .order_by(c.known_from)
        )
        for row in rows:
            repository = (row.connection_id, row.scope_id)
            self._defaults.setdefault(repository, set()).add(row.name)
            if row.known_to is None or row.known_to > self.view.known_at:
                self.default[repository] = row.name

    def _read_landed(self, repositories: Iterable[Pair]) -> None:
        c = self.view.rows(code.change_request).c
        rows = self.view.conn.execute(
            sa.select(
                c.connection_id,
                c.scope_id,
                c.base_ref,
                sa.func.count().label("number"),
                sa.func.min(c.merged_at).label("first"),
            )
            .where(
                joined_key(c.connection_id, c.scope_id).in_(_keys(repositories)),
                *self._landed_then(c),
            )
            .group_by(c.connection_id, c.scope_id, c.base_ref)
        )
        for row in rows:
            key = ((row.connection_id, row.scope_id), row.base_ref)
            self._landed[key] = (row.number, row.first)

    def _read_carried(self, branches: Iterable[tuple[Pair, str]]) -> None:
        c = code.change_request.c
        wanted = set(branches)
        rows = self.view.conn.execute(
            sa.select(c.connection_id, c.scope_id, c.head_ref, sa.func.max(c.merged_at).label("at"))
            .where(
                joined_key(c.connection_id, c.scope_id).in_(_keys(one for one, _ in wanted)),
                c.head_ref.in_(sorted({name for _, name in wanted})),
                *self._landed_then(c),
            )
            .group_by(c.connection_id, c.scope_id, c.head_ref)
        )
        for row in rows:
            self._carried[(row.connection_id, row.scope_id), row.head_ref] = row.at

    def _landed_then(self, c: Any) -> tuple[sa.ColumnElement[bool], ...]:
        return (c.state == ChangeState.MERGED.value, c.merged_at <= self.view.as_of)


def _keys(repositories: Iterable[Pair]) -> list[str]:
    return sorted({f"{connection_id}/{id_}" for connection_id, id_ in repositories})
