"""Change requests: what they are now, the sets of their children, and what they refer to."""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Protocol, TypeVar

from mappings.code_records import (
    ChangeCommits,
    ChangeFiles,
    ChangeRequest,
    Pushes,
    References,
    Reviews,
)
from mappings.vocabulary import ChangeState, HistoryState, MergeMethod
from sync.store import commits, presence, versioned
from sync.store.bulk import hashed
from sync.store.due import Kind
from sync.store.page import PRESENCE, Page, same
from sync.store.payloads import older
from sync.store.rows import Fate, MembershipRow
from sync.store.schema import scope_membership
from sync.store.tables_code import (
    change_commit,
    change_file,
    change_part,
    change_request,
    change_request_key,
    push_event,
    reference,
    review,
)
from sync.store.versioned import Children

_CHANGE = (
    "source_id",
    "scope_id",
    "number",
    "key",
    "title",
    "state",
    "raw_state",
    "is_draft",
    "created_at",
    "updated_at",
    "closed_at",
    "merged_at",
    "author_id",
    "merged_by_id",
    "base_ref",
    "head_ref",
    "head_scope_id",
    "head_sha",
    "base_sha",
    "merge_sha",
    "landed_sha",
    "landed_tree",
    "head_tree",
    "base_sha_at_merge",
    "base_known",
    "merge_method",
    "additions",
    "deletions",
    "changed_files",
    "labels",
    "milestones",
    "assignee_ids",
    "text_hash",
    "restricted",
    "url",
)
_get = attrgetter(*_CHANGE)
_AT = {name: i for i, name in enumerate(_CHANGE)}
_UPDATED, _HEAD = _AT["updated_at"], _AT["head_sha"]
#: What the vendor tells of a head in one answer and leaves out of another.
_OF_HEAD = ("head_tree", "additions", "deletions", "changed_files")
#: What is told of a merge once and never changes.
_OF_MERGE = ("merged_by_id", "merge_sha", "landed_sha", "landed_tree")
_HELD = ("source_id", "content_hash", "gone_at", *_CHANGE[1:])
_COLUMNS = ("connection_id", *_CHANGE, *PRESENCE)
_UPDATE = tuple(
    name for name in _COLUMNS if name not in ("connection_id", "source_id", "first_seen_at")
)
_KEY = ("connection_id", "key", "change_request_id", "first_seen_at")

#: A row of a change has its verdict judged anew.
_OF_CHANGE = (Kind.CHANGE, "change_request_id")
_PART = Children(change_part, ("change_request_id", "part"), ("state", "reason"), due=_OF_CHANGE)
_FILE = Children(
    change_file,
    ("change_request_id", "path"),
    ("change", "additions", "deletions", "old_path"),
    due=_OF_CHANGE,
)
_REVIEW = Children(
    review,
    ("change_request_id", "source_id"),
    ("reviewer_id", "verdict", "raw_verdict", "commit_sha", "at", "url"),
    due=_OF_CHANGE,
)
_COMMIT = Children(change_commit, ("change_request_id", "sha"), ("position",), due=_OF_CHANGE)
_PUSH = Children(
    push_event,
    ("change_request_id", "source_id"),
    ("at", "is_force", "before_sha", "after_sha", "actor_id"),
    due=_OF_CHANGE,
)
_REFERENCE = Children(
    reference,
    ("change_request_id", "source", "kind", "target"),
    ("scope_id", "target_id", "span"),
)
_MEMBERSHIP = Children(
    scope_membership,
    ("member_kind", "member_id", "milestone_kind", "milestone_id", "valid_from"),
    ("valid_to", "from_exact", "cause", "source_event_id", "end_cause", "end_event_id"),
)
_MEMBER = "change_request"
#: Parts that another head makes old.
_PARTS_OF_HEAD = ("files", "reviews", "commits", "pushes")


class _Set(Protocol):
    """A set of children of one change."""

    @property
    def change_request_id(self) -> str: ...
    @property
    def state(self) -> HistoryState: ...
    @property
    def reason(self) -> str | None: ...


_S = TypeVar("_S", bound=_Set)


def write_changes(page: Page, records: Iterable[ChangeRequest]) -> frozenset[str]:
    """Changes; ids inserted, changed or seen again after they were gone.

    What an answer leaves out (`None`) never blanks what another told of the same head or merge. An
    older record never undoes a newer row. Where the head moved, the parts wait to be read again.
    """
    mine: dict[str, list[Any]] = {}
    for one in records:
        values = _values(one)
        before = mine.get(one.source_id)
        if before is None:
            mine[one.source_id] = values
        elif not older(values[_UPDATED], before[_UPDATED]):
            _keep(values, before)
            mine[one.source_id] = values
    known = {row[0]: row for row in page.known(change_request, _HELD, mine)}
    written: list[tuple[Any, ...]] = []
    keys: list[tuple[Any, ...]] = []
    moved: set[str] = set()
    back: list[str] = []
    for id_, values in mine.items():
        row = known.get(id_)
        held = None if row is None else (row[0], *row[3:])
        if held is not None:
            if older(values[_UPDATED], held[_UPDATED]):
                page.stale_changes.add(id_)
                continue
            _keep(values, held)
        cleaned, digest = hashed(values)
        if row is not None and same(row[1], digest) and not page.is_back(row[2]):
            continue
        written.append((page.connection_id, *cleaned, page.now, None, None, digest))
        if row is not None and page.is_back(row[2]):
            back.append(id_)
        if held is None or held[_AT["key"]] != cleaned[_AT["key"]]:
            keys.append((page.connection_id, cleaned[_AT["key"]], id_, page.now))
        if held is not None and held[_HEAD] != cleaned[_HEAD]:
            moved.add(id_)
    page.rows += page.upsert(change_request, _COLUMNS, _UPDATE, written)
    page.note(Kind.CHANGE, {row[1] for row in written})
    page.upsert(change_request_key, _KEY, None, keys)
    _await(page, moved)
    presence.came_back(page, _MEMBER, back)
    return frozenset(row[1] for row in written)


def write_tombstones(page: Page, gone: Mapping[str, Fate]) -> None:
    """Mark changes as gone: id -> why. Nothing is deleted."""
    alive = [
        id_
        for id_, gone_at in page.known(change_request, ("source_id", "gone_at"), gone)
        if gone_at is None
    ]
    page.rows += page.update(
        change_request,
        ("gone_at", "gone_reason"),
        ("connection_id", "source_id"),
        [(page.now, gone[id_].reason, page.connection_id, id_) for id_ in alive],
    )
    page.note(Kind.CHANGE, alive)
    presence.went(page, _MEMBER, {id_: gone[id_] for id_ in alive})


def _values(one: ChangeRequest) -> list[Any]:
    values = [value.value if hasattr(value, "value") else value for value in _get(one)]
    values[_AT["labels"]] = list(one.labels)
    values[_AT["milestones"]] = [[kind.value, id_] for kind, id_ in one.milestones]
    values[_AT["assignee_ids"]] = list(one.assignee_ids)
    return values


def _keep(values: list[Any], held: Sequence[Any]) -> None:
    """Fill what this record leaves out from what is known of the same head and merge."""

    def fill(names: Iterable[str]) -> None:
        for name in names:
            if values[_AT[name]] is None:
                values[_AT[name]] = held[_AT[name]]

    if values[_HEAD] == held[_HEAD]:
        fill(_OF_HEAD)
    merged = ChangeState.MERGED.value
    if values[_AT["state"]] == merged and held[_AT["state"]] == merged:
        fill(_OF_MERGE)
        if values[_AT["base_sha_at_merge"]] is None:
            fill(("base_sha_at_merge", "base_known"))
        if values[_AT["merge_method"]] == MergeMethod.UNKNOWN.value:
            values[_AT["merge_method"]] = held[_AT["merge_method"]]


def _await(page: Page, ids: Iterable[str]) -> None:
    """The parts of these changes belong to a head that is no longer theirs."""
    waiting = (HistoryState.NOT_FETCHED.value, None)
    known = versioned.held(page, _PART, sorted(ids), by="change_request_id")
    fresh = {key: waiting for key in known if key[1] in _PARTS_OF_HEAD}
    versioned.write(page, _PART, known, fresh, lambda _key, _row: False)


# --- children -------------------------------------------------------------------------------


def write_files(page: Page, records: Iterable[ChangeFiles]) -> None:
    """The files of each change, as a set."""
    mine = _newest(page, records)
    fresh = versioned.rows(
        ((id_, file.path), (file.change.value, file.additions, file.deletions, file.old_path))
        for id_, one in mine.items()
        for file in one.files
    )
    _write_part(page, "files", _FILE, mine, fresh)


def write_reviews(page: Page, records: Iterable[Reviews]) -> None:
    """The reviews of each change, as a set."""
    mine = _newest(page, records)
    fresh = versioned.rows(
        (
            (id_, said.source_id),
            (
                said.reviewer_id,
                said.verdict.value,
                said.raw_verdict,
                said.commit_sha,
                said.at,
                said.url,
            ),
        )
        for id_, one in mine.items()
        for said in one.reviews
    )
    _write_part(page, "reviews", _REVIEW, mine, fresh)


def write_change_commits(page: Page, records: Iterable[ChangeCommits]) -> None:
    """The commits of each change, as a set in its order; what is told of a commit is kept."""
    mine = _newest(page, records)
    commits.write(page, ((one.scope_id, commit) for one in mine.values() for commit in one.commits))
    fresh = versioned.rows(
        ((id_, commit.sha), (position,))
        for id_, one in mine.items()
        for position, commit in enumerate(one.commits)
    )
    _write_part(page, "commits", _COMMIT, mine, fresh)


def write_pushes(page: Page, records: Iterable[Pushes]) -> None:
    """The pushes to each change, as a set."""
    mine = _newest(page, records)
    fresh = versioned.rows(
        (
            (id_, push.source_id),
            (push.at, push.is_force, push.before_sha, push.after_sha, push.actor_id),
        )
        for id_, one in mine.items()
        for push in one.pushes
    )
    _write_part(page, "pushes", _PUSH, mine, fresh)


def _newest(page: Page, records: Iterable[_S]) -> dict[str, _S]:
    """The last set of each change, without those that came with an older change."""
    return {
        one.change_request_id: one
        for one in records
        if one.change_request_id not in page.stale_changes
    }


def _write_part(
    page: Page,
    part: str,
    kind: Children,
    mine: Mapping[str, _Set],
    fresh: Mapping[versioned.Key, versioned.Row],
) -> None:
    if not mine:
        return
    whole = {id_ for id_, one in mine.items() if one.state is HistoryState.COMPLETE}
    known = versioned.held(page, kind, mine, by="change_request_id")
    versioned.write(page, kind, known, fresh, lambda key, _row: key[0] in whole)
    states = versioned.rows(
        ((id_, part), (one.state.value, one.reason)) for id_, one in mine.items()
    )
    told = versioned.held(page, _PART, mine, by="change_request_id", extra=f"AND part = '{part}'")
    versioned.write(page, _PART, told, states, lambda _key, _row: False)


def write_references(page: Page, records: Iterable[References]) -> None:
    """What each change refers to, as a set per source that was read."""
    mine = [one for one in records if one.change_request_id not in page.stale_changes]
    if not mine:
        return
    found: list[tuple[versioned.Key, versioned.Row]] = []
    read: set[tuple[str, str]] = set()
    for one in mine:
        read.update((one.change_request_id, source.value) for source in one.sources)
        # The first place where something is named is the one to show.
        for named in reversed(one.references):
            key = (one.change_request_id, named.source.value, named.kind.value, named.target)
            found.append((key, (one.scope_id, named.target_id, named.span)))
    known = versioned.held(
        page, _REFERENCE, {one.change_request_id for one in mine}, by="change_request_id"
    )
    fresh = versioned.rows(found)
    versioned.write(page, _REFERENCE, known, fresh, lambda key, _row: (key[0], key[1]) in read)


def write_memberships(page: Page, by_change: Mapping[str, Sequence[MembershipRow]]) -> None:
    """All intervals of each change: what differs from what is known now is closed and inserted."""
    get = attrgetter(*_MEMBERSHIP.data)
    fresh = versioned.rows(
        ((_MEMBER, id_, one.milestone_kind.value, one.milestone_id, one.valid_from), get(one))
        for id_, rows in by_change.items()
        for one in rows
    )
    known = versioned.held(
        page, _MEMBERSHIP, by_change, by="member_id", extra=f"AND member_kind = '{_MEMBER}'"
    )
    versioned.write(page, _MEMBERSHIP, known, fresh, lambda _key, _row: True)
