"""Two stores of one company, table by table: which rows only one of them holds.

A store that lived through everything is held against one that read once, at the end. It may know
more, in the ways that are listed here and in no other; it may never know less or otherwise.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from connectors.github import runs
from mappings.vocabulary import Origin
from sync.store import schema
from sync.store.open import Store
from sync.store.rows import NAMELESS
from sync.verdict.frame import JUDGED

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
        "verdict_due",
        "verdict_refresh",
        # What was believed before another reading.
        *(one.name for one in schema.PAST.values()),
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
    "verdict": {"depth": "the report of a pipeline names the newest job of a name only"},
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
    "test_check": "what a check was called as long as it had a namesake, or was still read",
    "pipeline_run": "a former attempt, or a run that is too old for a first load now",
    "tree_comparison": "asked for while nothing else told whether what landed was tested",
    "verdict": "a change that landed so long ago that nobody judges it for the first time now",
}
#: Such rows are more of these tables; of the others any.
_IS_MORE: Mapping[str, Callable[["_How", Mapping[str, Any]], bool]] = {
    "test_check": lambda how, row: (row["scope_id"], row["name"]) in how.former_names,
    "pipeline_run": lambda how, row: how.is_former_run(row),
    "tree_comparison": lambda how, row: row["sha"] in how.only_compared,
    "verdict": lambda how, row: row["change_request_id"] in how.judged_before,
}
#: Columns that say whose row it is: what hangs on something gone stays as it was.
_OWNERS = ("work_item_id", "member_id", "declared_by", "change_request_id", "entity_id")
#: Columns that say what a row points to: no stamp tells that it points to nothing any more.
_POINTS = ("target_id", "from_id", "to_id")
#: Tables whose rows are those of a milestone as well.
_OF_MILESTONES = frozenset({"milestone_date_event", "scope_membership"})
#: Columns that may name an item by the path of its repository.
_NAMING = {"reference": ("target",), "change_link": ("evidence",)}
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
    now: datetime | None = None,
    is_limited: bool = False,
    renamed: Mapping[str, str] | None = None,
    vague: Collection[str] = (),
    unseen_keys: Collection[str] = (),
    retitled: Collection[str] = (),
) -> Difference:
    """What `lived` holds otherwise than `fresh`, which read the same company once.

    `now`: when `fresh` was read (UTC); None: nothing has become too old meanwhile. `is_limited`:
    whether first loads have a horizon. `renamed`: former paths of repositories and what they are
    now; an address with a former one leads there still. `vague`: ids of items that some could not
    see for a while: what points to them is told or not, and no stamp moves. `unseen_keys`: keys of
    items that nobody can read now. `retitled`: ids of milestones that histories name by a title
    which they no longer have: who read before knows which it was, and nobody else does.
    """
    found = Difference()
    gone, heads = _gone(lived), _open_heads(fresh)
    # GitLab lists pipelines as far back as anything else.
    has_oldest = is_limited and heads is not None
    how = _How(
        gone,
        gone | set(vague),
        frozenset(unseen_keys),
        renamed or {},
        frozenset(retitled),
        former_names=_former_names(lived),
        keys=_keys(lived) | _keys(fresh),
        open_heads=heads,
        newest=_newest_attempts(lived),
        judged_before=_landed_before(lived, now - JUDGED) if now is not None else frozenset(),
        oldest_run=now - runs.BACK if now is not None and has_oldest else None,
        only_compared=_compared(lived) - _compared(fresh),
        bare_commits=_bare_commits(fresh),
    )
    for table in schema.metadata.sorted_tables:
        if table.name in HOW:
            continue
        left, right = (_rows(store, table, how) for store in (lived, fresh))
        found.compared += len(right)
        mine, theirs = (Counter(text for text, _ in rows) for rows in (left, right))
        if lost := list((theirs - mine).elements()):
            found.lost[table.name] = lost
        known = dict(left)
        extra = [
            text for text in (mine - theirs).elements() if not how.is_more(table.name, known[text])
        ]
        if extra:
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


def _former_names(store: Store) -> frozenset[tuple[str, str]]:
    """(scope, what a check can have been called there) of each result that was ever read."""
    c = schema.metadata.tables["check_result"].c
    found: set[tuple[str, str]] = set()
    with store.reading() as conn:
        for row in conn.execute(sa.select(c.scope_id, c.name, c.app, c.stage)):
            around = (one for one in (row.app, row.stage) if one)
            found.update((row.scope_id, f"{row.name} [{one}]") for one in around)
            found.add((row.scope_id, row.name))
    return frozenset(found)


def _keys(store: Store) -> frozenset[tuple[str, str]]:
    """(id, key) of items, former keys too."""
    c = schema.work_item_key.c
    with store.reading() as conn:
        return frozenset(
            (row.work_item_id, row.key) for row in conn.execute(sa.select(c.work_item_id, c.key))
        )


def _open_heads(store: Store) -> frozenset[tuple[str, int, str]] | None:
    """(scope, number, head) of open changes; None where runs name their changes for good."""
    c = schema.metadata.tables["change_request"].c
    with store.reading() as conn:
        if conn.execute(sa.select(schema.connection.c.kind)).scalars().first() != "github":
            return None
        rows = conn.execute(sa.select(c.scope_id, c.number, c.head_sha).where(c.state == "open"))
        return frozenset((row.scope_id, row.number, row.head_sha) for row in rows)


def _newest_attempts(store: Store) -> dict[str, int]:
    c = schema.metadata.tables["pipeline_run"].c
    query = sa.select(c.source_id, sa.func.max(c.attempt)).group_by(c.source_id)
    with store.reading() as conn:
        return {row[0]: row[1] for row in conn.execute(query)}


def _compared(store: Store) -> frozenset[str]:
    """Commits that landed and were compared with what was tested."""
    c = schema.metadata.tables["tree_comparison"].c
    with store.reading() as conn:
        return frozenset(conn.execute(sa.select(c.sha)).scalars())


def _bare_commits(store: Store) -> frozenset[tuple[str, str]]:
    """(scope, commit) of those that no list of commits names: a run tells sha and tree alone."""
    c = schema.metadata.tables["code_commit"].c
    with store.reading() as conn:
        rows = conn.execute(sa.select(c.scope_id, c.sha, c.parents, c.committed_at))
        return frozenset(
            (row.scope_id, row.sha)
            for row in rows
            if row.parents is None and row.committed_at is None
        )


def _landed_before(store: Store, instant: datetime) -> frozenset[str]:
    c = schema.metadata.tables["change_request"].c
    with store.reading() as conn:
        found = conn.execute(sa.select(c.source_id).where(c.merged_at < instant)).scalars()
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class _How:
    """What is known of both stores before their rows are compared."""

    gone: set[str]
    points: set[str]
    unseen_keys: frozenset[str]
    renamed: Mapping[str, str]
    retitled: frozenset[str]
    former_names: frozenset[tuple[str, str]]
    keys: frozenset[tuple[str, str]]
    open_heads: frozenset[tuple[str, int, str]] | None
    newest: Mapping[str, int]
    judged_before: frozenset[str]
    oldest_run: datetime | None
    #: commits that only the longer life compared with what was tested.
    only_compared: frozenset[str]
    #: commits of which who read once knows content and nothing else: they were pushed away.
    bare_commits: frozenset[tuple[str, str]]

    def is_more(self, table: str, row: Mapping[str, Any]) -> bool:
        """Whether the longer life may know this row alone."""
        judge = _IS_MORE.get(table)
        return table in MORE and (judge is None or judge(self, row))

    def is_former_run(self, row: Mapping[str, Any]) -> bool:
        """Whether a run was started again since, or is older than what a first load lists."""
        if row["attempt"] < self.newest[row["source_id"]]:
            return True
        return self.oldest_run is not None and row["created_at"] < self.oldest_run

    def leaves(self, table: str, row: Mapping[Any, Any]) -> bool:
        """Whether a row says nothing that can be compared."""
        if table == "scope_membership" and row["milestone_id"] in {*self.retitled, NAMELESS}:
            # Of what is named by a lost title, who read before it was lost knows which it was.
            return True
        if table == "verdict" and row["landed_sha"] in self.only_compared:
            # It knows that what landed is what was tested, and not only that it was tested later.
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
        # Data Center names a parent by its key; who never saw the parent knows no id for it.
        if parent in self.points or str(parent).removeprefix("key:") in self.unseen_keys:
            del told["parent_id"]
        # A link names its other end as it was called when it was read; its id says which it is.
        if table == "link" and (row["to_id"], row["to_key"]) in self.keys:
            del told["to_key"]
        # GitHub names an open change at the runs of its head alone; who read before keeps it.
        if table == "pipeline_run" and self.open_heads is not None:
            told["change_numbers"] = [
                one
                for one in row["change_numbers"] or ()
                if (row["scope_id"], one, row["sha"]) in self.open_heads
            ]
            # With their base as it is then.
            if row["base_known"] == Origin.OBSERVED.value and not told["change_numbers"]:
                del told["base_sha"], told["base_known"]
        if table == "code_commit" and (row["scope_id"], row["sha"]) in self.bare_commits:
            told = {name: told[name] for name in ("connection_id", "scope_id", "sha", "tree")}
        for old, new in self.renamed.items():
            for name in ("url", "proof_url"):
                if told.get(name):
                    told[name] = told[name].replace(f"/{old}/", f"/{new}/")
            if table == "verdict":
                told["checks"] = [
                    {**one, "url": (one["url"] or "").replace(f"/{old}/", f"/{new}/")}
                    for one in told["checks"] or ()
                ]
            # GraphQL names what a merge closes by the path of the day on which it was read.
            for name in _NAMING.get(table, ()):
                told[name] = re.sub(rf"(?<![\w./-]){re.escape(old)}#", f"{new}#", told[name])
        if table == "verdict":
            told["checks"] = [{**one, "depth": None} for one in told["checks"] or ()]
        return told


def _rows(store: Store, table: sa.Table, how: _How) -> list[tuple[str, Any]]:
    """The rows that hold now, with their text, without those of what is gone."""
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
    return [
        (_text(how.told(table.name, row)), row) for row in rows if not how.leaves(table.name, row)
    ]


def _text(told: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={_value(one)}" for name, one in told.items() if one is not None)


def _value(value: Any) -> str:
    # PostgreSQL keeps the members of an object in an order of its own.
    if isinstance(value, (dict, list)):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return repr(value)
