"""Change requests as they stood at a view's instant, their links and their verdicts."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import sqlalchemy as sa

from mappings.vocabulary import ChangeState, LinkKind
from sync.reconcile.contract import Evidence
from sync.reconcile.view import View
from sync.store import schema
from sync.store import tables_code as code
from sync.store.bulk import among, select_ids, select_where
from sync.store.tables_judged import change_link, test_check
from sync.store.tables_judged import verdict as verdict_table
from sync.verdict.names import Verdict

#: (connection id, source id).
Pair = tuple[int, str]

#: Links that say that a change works on an item.
WORK = (LinkKind.IMPLEMENTS, LinkKind.CLOSES)
#: What lists the changes of a repository, and what brings their links and checks.
STREAMS = ("changes", "change_details")


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A change request at the view's instant; instants in UTC."""

    connection_id: int
    id: str
    scope_id: str
    key: str
    title: str
    state: ChangeState
    is_draft: bool
    base_ref: str | None
    #: the commit that landed; None: none did, or nobody told.
    landed_sha: str | None
    created_at: datetime | None
    merged_at: datetime | None
    closed_at: datetime | None
    by_bot: bool
    #: added and removed lines together; None: not told.
    lines: int | None
    restricted: bool
    url: str | None
    #: its newest commit.
    head_sha: str | None = None

    @property
    def pair(self) -> Pair:
        """Identity in the store."""
        return (self.connection_id, self.id)

    @property
    def subject(self) -> str:
        """How findings name it."""
        return f"change:{self.id}"

    @property
    def label(self) -> str:
        """What a person calls it; a restricted one is not named."""
        return "a restricted change" if self.restricted else f"{self.key} {self.title}".strip()

    def evidence(self, text: str, at: datetime | None = None) -> Evidence:
        """A proof about it: its key and title, then what is the matter with it."""
        return Evidence(
            text=f"{self.key} {self.title}: {text}",
            url=self.url,
            at=at,
            source=self.subject,
            restricted=self.restricted,
        )


class LinkLine(NamedTuple):
    """A link from a change to an item, or to a change that it takes back."""

    change: Pair
    #: `work_item` or `change_request`.
    to_kind: str
    to: Pair
    #: words that say so.
    evidence: str
    ambiguous: bool


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """What was said of a change that landed."""

    change: ChangeLine
    verdict: Verdict
    #: grade of each check, by name.
    grades: Mapping[str, str]
    marks: frozenset[str]
    #: sentences for a person.
    reasons: tuple[str, ...] = ()
    #: one of `sync.verdict.names.Review`; None: not known.
    reviewed: str | None = None
    #: page of the check that decided.
    proof_url: str | None = None
    #: rule that exempts it, also where a failure stands above it.
    exempt_rule: str | None = None


_COLUMNS = (
    "source_id",
    "scope_id",
    "key",
    "title",
    "state",
    "is_draft",
    "base_ref",
    "landed_sha",
    "created_at",
    "merged_at",
    "closed_at",
    "author_id",
    "additions",
    "deletions",
    "restricted",
    "url",
    "gone_at",
    "head_sha",
)


def lines(view: View, ids: Mapping[int, Collection[str]]) -> dict[Pair, ChangeLine]:
    """These changes, without those that were not there at the view's instant; each read once."""
    held = view.read_changes
    for connection_id, wanted in ids.items():
        unknown = {id_ for id_ in wanted if (connection_id, id_) not in held}
        if unknown:
            _read(view, connection_id, unknown)
    found = {}
    for connection_id, wanted in ids.items():
        for id_ in wanted:
            one = held[connection_id, id_]
            if one is not None:
                found[one.pair] = one
    return found


def homes(view: View, ids: Mapping[int, Collection[str]]) -> dict[Pair, Pair]:
    """Repositories of these changes, without those that were not there at the view's instant."""
    columns = ("source_id", "scope_id", "created_at", "gone_at")
    return {
        (connection_id, id_): (connection_id, scope_id)
        for connection_id, wanted in ids.items()
        for id_, scope_id, created_at, gone_at in view.select(
            code.change_request, columns, connection_id, wanted
        )
        if _is_there(view, created_at, gone_at)
    }


def _is_there(view: View, created_at: datetime | None, gone_at: datetime | None) -> bool:
    """Whether a change that came and went at these instants (UTC) was there at the view's."""
    return (gone_at is None or gone_at > view.as_of) and (
        created_at is None or created_at <= view.as_of
    )


def _read(view: View, connection_id: int, ids: Collection[str]) -> None:
    rows = [
        dict(zip(_COLUMNS, row, strict=True))
        for row in view.select(code.change_request, _COLUMNS, connection_id, sorted(ids))
    ]
    authors = {row["author_id"] for row in rows if row["author_id"] is not None}
    bots = {
        id_
        for id_, is_bot in view.select(
            schema.account, ("source_id", "is_bot"), connection_id, sorted(authors)
        )
        if is_bot
    }
    view.read_changes.update({(connection_id, id_): None for id_ in ids})
    for row in rows:
        view.read_changes[connection_id, row["source_id"]] = _line(view, connection_id, row, bots)


def _line(
    view: View, connection_id: int, row: Mapping[str, Any], bots: Collection[str]
) -> ChangeLine | None:
    if not _is_there(view, row["created_at"], row["gone_at"]):
        return None
    state, merged, closed = _then(view, row)
    told = [row["additions"], row["deletions"]]
    return ChangeLine(
        connection_id=connection_id,
        id=row["source_id"],
        scope_id=row["scope_id"],
        key=row["key"],
        title=row["title"],
        state=state,
        is_draft=bool(row["is_draft"]),
        base_ref=row["base_ref"],
        landed_sha=row["landed_sha"] if state is ChangeState.MERGED else None,
        created_at=row["created_at"],
        merged_at=merged,
        closed_at=closed,
        by_bot=row["author_id"] in bots,
        lines=sum(told) if None not in told else None,
        restricted=bool(row["restricted"]),
        url=row["url"],
        head_sha=row["head_sha"],
    )


def _then(
    view: View, row: Mapping[str, Any]
) -> tuple[ChangeState, datetime | None, datetime | None]:
    """State, merge and close as they were: what ended later had not ended."""
    state = ChangeState(row["state"])
    merged, closed = row["merged_at"], row["closed_at"]
    if view.present:
        return state, merged, closed
    if merged is not None and merged <= view.as_of:
        return ChangeState.MERGED, merged, closed
    if state is ChangeState.CLOSED and closed is not None and closed <= view.as_of:
        return ChangeState.CLOSED, None, closed
    if state is ChangeState.UNKNOWN or (state is ChangeState.CLOSED and closed is None):
        return ChangeState.UNKNOWN, None, None
    return ChangeState.OPEN, None, None


def landed(view: View, since: datetime, *, until: datetime | None = None) -> dict[Pair, ChangeLine]:
    """Changes that landed after `since` and not after `until` (the view's instant); UTC."""
    c = view.rows(code.change_request).c
    rows = view.conn.execute(
        sa.select(c.connection_id, c.source_id).where(
            c.state == ChangeState.MERGED.value,
            c.merged_at > since,
            c.merged_at <= (until or view.as_of),
        )
    )
    ids: dict[int, set[str]] = {}
    for row in rows:
        ids.setdefault(row.connection_id, set()).add(row.source_id)
    return lines(view, ids)


def links(view: View, *, kinds: Sequence[LinkKind] = WORK) -> list[LinkLine]:
    """Links of these kinds that were known at the view's instant; in a fixed order."""
    named = [one.value for one in kinds]
    froms, ids, to_kinds, tos, to_ids, *rest = select_where(
        view.conn,
        change_link,
        (
            "from_connection_id",
            "from_id",
            "to_kind",
            "to_connection_id",
            "to_id",
            "evidence",
            "ambiguous",
        ),
        f"kind {among(view.conn.dialect.name, named)} AND first_seen_at <= %s "
        "AND (withdrawn_at IS NULL OR withdrawn_at > %s) "
        "ORDER BY from_connection_id, from_id, to_connection_id, to_id, kind",
        named,
        view.known_at,
        view.known_at,
    )
    changed, linked = zip(froms, ids, strict=True), zip(tos, to_ids, strict=True)
    return list(map(_LINK, zip(changed, to_kinds, linked, *rest, strict=True)))


#: Made of a tuple as it is: a constructor takes three times as long.
_LINK: Callable[[tuple[Any, ...]], LinkLine] = partial(tuple.__new__, LinkLine)


def verdicts(view: View, since: datetime) -> list[VerdictLine]:
    """What is known of changes that landed after `since` (UTC), in the order of landing."""
    found = verdicts_of(view, landed(view, since)).values()
    return sorted(found, key=lambda one: (_landed_at(one), one.change.pair))


_VERDICT = (
    "change_request_id",
    "known_from",
    "known_to",
    "verdict",
    "grades",
    "marks",
    "reasons",
    "reviewed",
    "proof_url",
    "exempt_rule",
)


def verdicts_of(view: View, lines: Mapping[Pair, ChangeLine]) -> dict[Pair, VerdictLine]:
    """What was said of these changes at the view's instant, where anything was."""
    ids: dict[int, set[str]] = {}
    for connection_id, id_ in lines:
        ids.setdefault(connection_id, set()).add(id_)
    found = {}
    for connection_id, wanted in ids.items():
        for row in select_ids(
            view.conn, verdict_table, _VERDICT, connection_id, "change_request_id", sorted(wanted)
        ):
            id_, known_from, known_to, word, grades, marks, reasons, reviewed, proof, rule = row
            if known_from > view.known_at or (known_to is not None and known_to <= view.known_at):
                continue
            pair = (connection_id, id_)
            found[pair] = VerdictLine(
                lines[pair],
                Verdict(word),
                grades,
                frozenset(marks),
                tuple(reasons),
                reviewed,
                proof,
                rule,
            )
    return found


def _landed_at(one: VerdictLine) -> datetime:
    assert one.change.merged_at is not None
    return one.change.merged_at


def confirmed(view: View) -> frozenset[Pair]:
    """Repositories of which a person said which checks are tests: (connection id, scope id)."""
    c = test_check.c
    rows = view.conn.execute(
        sa.select(c.connection_id, c.scope_id)
        .where(
            c.confirmed_by.is_not(None),
            c.known_from <= view.known_at,
            sa.or_(c.known_to.is_(None), c.known_to > view.known_at),
        )
        .distinct()
    )
    return frozenset((row.connection_id, row.scope_id) for row in rows)


def repositories(view: View) -> list[tuple[Pair, str]]:
    """Repositories that hold changes, and what people call them; by name."""
    c = view.rows(code.change_request).c
    rows = view.conn.execute(
        sa.select(c.connection_id, c.scope_id)
        .where(sa.or_(c.gone_at.is_(None), c.gone_at > view.as_of))
        .distinct()
    )
    found = [((row.connection_id, row.scope_id), path(view, (row[0], row[1]))) for row in rows]
    return sorted(found, key=lambda one: (one[1], one[0]))


def path(view: View, repository: Pair) -> str:
    """What people call a repository: `owner/name`."""
    return view.holders.get(repository, ("", repository[1]))[1]


def lacking(view: View, repository: Pair, streams: Collection[str] = STREAMS) -> str | None:
    """Why the changes of a repository may not be judged; None: they may."""
    kind, key = view.holders.get(repository, ("repository", repository[1]))
    found = view.coverage.lacks((repository[0], kind, repository[1]), key, streams, kind)
    return found[0] if found else None
