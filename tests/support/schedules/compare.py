"""Two stores of one company, table by table: which rows only one of them holds.

A store that lived through everything is held against one that read once, at the end. It may know
more, in the ways that are listed here and in no other; it may never know less or otherwise.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from sync.store import schema
from sync.store.open import Store

#: Tables that say how we read, judge and report, and payloads, which are a vendor's words: what
#: they mean stands in the tables below.
HOW = frozenset(
    {
        "alembic_version",
        "capability",
        "connection",
        "cursor",
        "lease",
        "rate_budget",
        "raw_dictionary",
        "raw_record",
        "store_info",
        "sync_run",
        "sync_step",
    }
)
#: Columns that are no fact of the source, with the reason.
LEFT_OUT: Mapping[str, str] = {
    "known_from": "the instant we learned it; who reads once learns all at once",
    "known_to": "empty in every row that is compared",
    "first_seen_at": "the instant we first read it",
    "gone_at": "empty in every row that is compared",
    "gone_reason": "empty in every row that is compared",
    "withdrawn_at": "empty in every row that is compared",
    "observed_at": "the instant we saw it change",
    "observed_after": "our reading before that",
    "content_hash": "made of the columns beside it",
}
#: Columns of single tables, with the reason.
LEFT_OUT_OF: Mapping[str, Mapping[str, str]] = {
    "milestone_date_event": {
        "old": "who reads once saw no value before",
        "is_first": "who reads once sees each value first",
        "origin": "who reads once observes nothing",
    },
    "link": {"to_key": "what the other end was called when it was read; its id says which it is"},
    "pipeline_run": {
        "change_numbers": "GitHub empties it when a change ends; who read before keeps it",
    },
}
#: (table, what a row is like, columns that tell nothing then), with the reason.
_SOMETIMES: tuple[tuple[str, Callable[[Mapping[str, Any]], Any], frozenset[str]], ...] = (
    # The report of a pipeline names the newest job of a name only: who read before knows more.
    (
        "check_result",
        lambda row: row["is_superseded"],
        frozenset({"tests_total", "tests_failed", "tests_skipped", "coverage"}),
    ),
    # It held when we first looked, and since when nobody tells: who looked earlier knows earlier.
    ("scope_membership", lambda row: not row["from_exact"], frozenset({"valid_from"})),
    # What has an id is named as it was called when the history was read.
    (
        "field_event",
        lambda row: row["old_ids"] or row["new_ids"],
        frozenset({"old_text", "new_text"}),
    ),
)
#: Tables in which the longer life may know more rows, with the reason.
MORE: Mapping[str, str] = {
    "account": "somebody whom nothing names any more",
    "code_commit": "a commit that was pushed away: what it holds it held",
    "work_item_key": "a former key, which no vendor tells later",
    "change_request_key": "a former key, which no vendor tells later",
    "check_result": "checks of a commit that was pushed away",
    "checks_state": "that the checks of such a commit were read",
    "test_check": "the name of a check that a former attempt had",
    "pipeline_run": "a former attempt, which no listing names",
}
#: Columns that say whose row it is: what hangs on something gone stays as it was.
_OWNERS = ("work_item_id", "member_id", "declared_by", "change_request_id", "entity_id")
#: Columns that say what a row points to: no stamp tells that it points to nothing any more.
_POINTS = ("target_id", "from_id", "to_id")
#: Tables whose rows are those of a milestone as well.
_OF_MILESTONES = frozenset({"milestone_date_event", "scope_membership"})
#: Tables that keep each value observed: only the newest is held against one reading.
_NEWEST = {"milestone_date_event": ("milestone_kind", "milestone_id", "field")}


@dataclass
class Difference:
    """Rows that only one store holds, by table."""

    #: held by the one that read once, and not by the one that lived through it.
    lost: dict[str, list[str]] = field(default_factory=dict)
    #: the other way round.
    extra: dict[str, list[str]] = field(default_factory=dict)
    #: rows that were compared.
    compared: int = 0

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.lost or self.extra)

    def __str__(self) -> str:
        """Both sides, table by table, the first rows of each."""
        lines = []
        for title, found in (("lost", self.lost), ("extra", self.extra)):
            for table, rows in found.items():
                lines.append(f"{title} in {table} ({len(rows)}):")
                lines += [f"    {row}" for row in sorted(rows)[:6]]
        return "\n".join(lines)


def difference(
    lived: Store,
    fresh: Store,
    *,
    renamed: Mapping[str, str] | None = None,
    vague: Collection[str] = (),
    retitled: Collection[str] = (),
) -> Difference:
    """What `lived` holds otherwise than `fresh`, which read the same company once.

    `renamed`: former paths of repositories and what they are now; an address with a former one
    leads there still. `vague`: ids of items that some could not see for a while: what points to
    them is told or not, and no stamp moves. `retitled`: ids of milestones that histories name by a
    title which they no longer have: who read before knows which it was, and nobody else does.
    """
    found = Difference()
    gone = _gone(lived)
    how = _How(gone, gone | set(vague), renamed or {}, frozenset(retitled))
    for table in schema.metadata.sorted_tables:
        if table.name in HOW:
            continue
        left, right = (_rows(store, table, how) for store in (lived, fresh))
        found.compared += sum(right.values())
        if lost := list((right - left).elements()):
            found.lost[table.name] = lost
        extra = list((left - right).elements())
        if extra and table.name not in MORE:
            found.extra[table.name] = extra
    return found


def _gone(store: Store) -> set[str]:
    """Ids of the items, changes and milestones that the store holds as gone."""
    found: set[str] = set()
    with store.reading() as conn:
        for name in ("work_item", "change_request", "milestone"):
            table = schema.metadata.tables[name]
            query = sa.select(table.c.source_id).where(table.c.gone_at.is_not(None))
            found.update(conn.execute(query).scalars())
    return found


@dataclass(frozen=True, slots=True)
class _How:
    """What is known of both stores before their rows are compared."""

    gone: set[str]
    points: set[str]
    renamed: Mapping[str, str]
    retitled: frozenset[str]

    def leaves(self, table: str, row: Mapping[Any, Any]) -> bool:
        """Whether a row says nothing that can be compared."""
        if table == "scope_membership" and row["milestone_id"] in self.retitled:
            return True
        if table == "data_issue" and row["subject"].partition(":")[2] in self.gone:
            return True
        owners = (*_OWNERS, "milestone_id") if table in _OF_MILESTONES else _OWNERS
        return any(row.get(name) in self.gone for name in owners) or any(
            row.get(name) in self.points for name in _POINTS
        )

    def told(self, table: str, row: Mapping[Any, Any]) -> dict[str, Any]:
        """What the row says, without the columns that tell nothing."""
        hidden = {*LEFT_OUT, *LEFT_OUT_OF.get(table, {})}
        for where, is_so, names in _SOMETIMES:
            if where == table and is_so(row):
                hidden |= names
        if table == "field_event" and row["field"] == "milestone" and self.retitled:
            hidden |= {"old_ids", "new_ids", "old_text", "new_text", "origin"}
        told = {name: value for name, value in row.items() if name not in hidden}
        parent = told.get("parent_id")
        # Data Center names a parent by its key, which a store that never saw it keeps as it is.
        if parent in self.points or (self.points and str(parent).startswith("key:")):
            del told["parent_id"]
        for old, new in self.renamed.items():
            if told.get("url"):
                told["url"] = told["url"].replace(f"/{old}/", f"/{new}/")
            for name in ("target", "evidence"):
                if isinstance(told.get(name), str):
                    told[name] = told[name].replace(f"{old}#", f"{new}#")
        return told


def _rows(store: Store, table: sa.Table, how: _How) -> Counter[str]:
    """The rows that hold now, as text, without those of what is gone."""
    query = sa.select(table)
    for ended in ("known_to", "withdrawn_at", "gone_at"):
        if ended in table.c:
            query = query.where(table.c[ended].is_(None))
    if "known_from" in table.c:
        query = query.order_by(table.c.known_from)
    with store.reading() as conn:
        rows = list(conn.execute(query).mappings())
    if (same := _NEWEST.get(table.name)) is not None:
        rows = list({tuple(row[name] for name in same): row for row in rows}.values())
    return Counter(
        " ".join(f"{name}={value!r}" for name, value in told.items() if value is not None)
        for told in (how.told(table.name, row) for row in rows if not how.leaves(table.name, row))
    )
