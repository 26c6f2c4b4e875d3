"""Growth of a scope that people agreed to, and changes of many items that they confirmed.

Nothing is taken away: what no longer stands is withdrawn, and what was known when stays told.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import HistoryState, MilestoneKind
from sync.clock import Clock
from sync.errors import UsageError
from sync.ledger import milestones
from sync.ledger.baseline import the_one
from sync.ledger.load import Container
from sync.ledger.mass_edit import MassEdit, mass_edits
from sync.ledger.milestones import Key, MilestoneFacts
from sync.store import past, schema
from sync.store.bulk import select_ids
from sync.store.open import Store
from sync.store.read import event_order
from sync.store.tables_agreed import mass_edit_confirmation, scope_agreement


class SubjectKind(StrEnum):
    """What somebody agreed to."""

    WORK_ITEM = "work_item"
    #: every item of the milestone that has this label, from when it got it.
    LABEL = "label"


@dataclass(frozen=True, slots=True)
class Agreement:
    """One agreement to growth, as it was recorded; instants in UTC."""

    key: Key
    subject_kind: SubjectKind
    #: id of the item, or the label.
    subject: str
    #: when we were told.
    recorded_at: datetime
    #: since when it holds; a label holds on each item from when it was put there.
    agreed_at: datetime
    agreed_by: str
    reason: str
    #: where it can be read.
    link: str | None
    #: None: it stands, as far as was known.
    withdrawn_at: datetime | None = None

    def stands(self, at: datetime) -> bool:
        """Whether it had not been withdrawn at this instant."""
        return self.withdrawn_at is None or at < self.withdrawn_at


@dataclass(frozen=True, slots=True)
class Agreed:
    """Why an item counts as agreed."""

    #: since when (UTC): what it brings later was not part of the agreement.
    since: datetime
    by: str
    reason: str
    link: str | None
    #: the label that says so; None: the item itself was agreed to.
    label: str | None = None


def stored(
    conn: sa.Connection, keys: Collection[Key] | None, known_at: datetime
) -> dict[Key, tuple[Agreement, ...]]:
    """Agreements recorded by `known_at`, oldest first; all milestones' where `keys` is None."""
    c = scope_agreement.c
    found: dict[Key, list[Agreement]] = {}
    query = sa.select(scope_agreement).where(c.recorded_at <= known_at)
    for row in conn.execute(query.order_by(c.recorded_at, c.subject_kind, c.subject)):
        key = (row.connection_id, MilestoneKind(row.milestone_kind), row.milestone_id)
        if keys is not None and key not in keys:
            continue
        known = row.withdrawn_at is not None and row.withdrawn_at <= known_at
        found.setdefault(key, []).append(
            Agreement(
                key=key,
                subject_kind=SubjectKind(row.subject_kind),
                subject=row.subject,
                recorded_at=row.recorded_at,
                agreed_at=row.agreed_at,
                agreed_by=row.agreed_by,
                reason=row.reason,
                link=row.link,
                withdrawn_at=row.withdrawn_at if known else None,
            )
        )
    return {key: tuple(mine) for key, mine in found.items()}


def agreed(
    conn: sa.Connection,
    containers: Mapping[Key, Container],
    *,
    as_of: datetime,
    known_at: datetime,
    rows_at: datetime | None = None,
) -> dict[Key, dict[str, Agreed]]:
    """Items of each container that were agreed to at `as_of`, as known at `known_at`.

    `rows_at`: the instant whose rows count; None: they stand as they are, and `known_at` is now.
    One query, and two more per connection where a label says what is agreed.
    """
    found: dict[Key, dict[str, Agreed]] = {}
    labelled: dict[Key, list[Agreement]] = {}
    for key, mine in stored(conn, set(containers), known_at).items():
        for one in mine:
            if not one.stands(as_of):
                continue
            if one.subject_kind is SubjectKind.LABEL:
                labelled.setdefault(key, []).append(one)
            elif one.agreed_at <= as_of:
                told = Agreed(one.agreed_at, one.agreed_by, one.reason, one.link)
                # Agreed once more, it covers what the item had grown to by then.
                before = found.setdefault(key, {}).get(one.subject)
                if before is None or told.since >= before.since:
                    found[key][one.subject] = told
    for key, rules in labelled.items():
        ids = containers[key].items.keys()
        wanted = {one.subject.casefold() for one in rules}
        held = _labels(conn, key[0], ids, wanted, as_of, known_at, rows_at)
        for one in rules:
            for id_, since in held.get(one.subject.casefold(), {}).items():
                by_label = Agreed(since, one.agreed_by, one.reason, one.link, one.subject)
                found.setdefault(key, {}).setdefault(id_, by_label)
    return found


# --- labels -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LabelChange:
    """One event of an item's labels."""

    at: datetime
    old: frozenset[str]
    new: frozenset[str]
    #: it tells what was added and removed; else what was there before and after.
    is_delta: bool

    def puts(self, label: str) -> bool | None:
        """Whether it puts the label there (True) or takes it away (False); None: neither."""
        before, after = label in self.old, label in self.new
        return None if before == after else after


def label_since(
    label: str, changes: Sequence[LabelChange], later: Sequence[LabelChange], *, held: bool
) -> tuple[bool, datetime | None]:
    """Whether the label was there after `changes`, and since when; pure.

    `later`: events that are not to count, oldest first. `held`: it is there after all of them.
    Since None: since before the first event.
    """
    for one in reversed(changes):
        put = one.puts(label)
        if put is not None:
            return put, one.at if put else None
        if not one.is_delta:
            held, later = label in one.new, ()
            break
    for one in later:
        put = one.puts(label)
        if put is not None:
            return not put, None
        if not one.is_delta:
            return label in one.old, None
    return held, None


def _labels(
    conn: sa.Connection,
    connection_id: int,
    ids: Collection[str],
    wanted: Collection[str],
    as_of: datetime,
    known_at: datetime,
    rows_at: datetime | None,
) -> dict[str, dict[str, datetime]]:
    """Since when each item had each wanted label (in small letters), where it had it at `as_of`."""
    columns = ("at", "known_from", "known_to", "old_text", "new_text", "is_delta")
    events: dict[str, list[tuple[Any, ...]]] = {}
    for id_, event_id, *rest in select_ids(
        conn,
        schema.field_event,
        ("work_item_id", "source_event_id", *columns),
        connection_id,
        "work_item_id",
        ids,
        "AND field = 'labels'",
    ):
        if rest[1] <= known_at and (rest[2] is None or rest[2] > known_at):
            events.setdefault(id_, []).append((rest[0], event_order(event_id), *rest[1:]))
    found: dict[str, dict[str, datetime]] = {}
    names = ("source_id", "labels", "created_at", "first_seen_at", "history_state")
    for id_, labels, created, seen, history in past.select_ids(
        conn, schema.work_item, names, connection_id, ids, rows_at
    ):
        mine = sorted(events.get(id_, ()), key=lambda row: row[:2])
        # The rows are those of `known_at`: what was learnt later is not in them.
        learnt = [_change(row) for row in mine if row[0] <= as_of]
        later = [_change(row) for row in mine if row[0] > as_of]
        now = {str(one).casefold() for one in labels or ()}
        for label in wanted:
            held, since = label_since(label, learnt, later, held=label in now)
            if held:
                whole = history == HistoryState.COMPLETE.value
                first = (created if whole else None) or seen
                found.setdefault(label, {})[id_] = since or first
    return found


def _change(row: tuple[Any, ...]) -> LabelChange:
    at, _, _, _, old, new, is_delta = row
    return LabelChange(at, _words(old, is_delta), _words(new, is_delta), is_delta)


def _words(text: str | None, is_delta: bool) -> frozenset[str]:
    """Jira writes all labels in one text, and none of its labels holds a space."""
    folded = (text or "").casefold()
    return frozenset((folded,) if is_delta and folded else folded.split())


# --- agree and withdraw -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Subject:
    """An item or a label, as a person names it."""

    kind: SubjectKind
    id: str
    #: key of the item, or the label.
    name: str
    #: the item is in the milestone now, or was; None for a label.
    inside: bool | None = None


def agree(
    store: Store,
    *,
    clock: Clock,
    milestone: str,
    items: Sequence[str],
    labels: Sequence[str],
    author: str,
    reason: str,
    link: str | None,
    at: datetime | None = None,
) -> tuple[MilestoneFacts, tuple[Subject, ...]]:
    """Record that the growth these items, or the items of these labels, bring was agreed to.

    `at`: since when (UTC), now if not told. Raises UsageError for names that match none or several,
    and for an instant to come.
    """
    now = clock.now()
    if at is not None and at > now:
        raise UsageError(
            "nothing is agreed in the future", where="--at", todo="Name a day that has come."
        )
    with store.writing() as conn:
        facts, subjects = _named(conn, milestone, items, labels, now)
        c = scope_agreement.c
        newest = conn.execute(sa.select(sa.func.max(c.recorded_at)).where(*_of(facts.key)))
        last = newest.scalar_one()
        # A clock that was set back must not write over what stands.
        recorded = now if last is None else max(now, last + timedelta(microseconds=1))
        conn.execute(
            sa.insert(scope_agreement),
            [
                {
                    "connection_id": facts.connection_id,
                    "milestone_kind": facts.kind.value,
                    "milestone_id": facts.source_id,
                    "subject_kind": one.kind.value,
                    "subject": one.id,
                    "recorded_at": recorded,
                    "agreed_at": at or now,
                    "agreed_by": author,
                    "reason": reason,
                    "link": link,
                }
                for one in subjects
            ],
        )
    return facts, subjects


def withdraw(
    store: Store,
    *,
    clock: Clock,
    milestone: str,
    items: Sequence[str],
    labels: Sequence[str],
    author: str,
    reason: str,
) -> tuple[MilestoneFacts, tuple[Subject, ...]]:
    """End the agreements that stand for these items or labels; their rows stay.

    Raises UsageError for names that match none or several, and where nothing was agreed.
    """
    now = clock.now()
    with store.writing() as conn:
        facts, subjects = _named(conn, milestone, items, labels, now)
        c = scope_agreement.c
        for one in subjects:
            same = c.subject == one.id
            if one.kind is SubjectKind.LABEL:
                same = sa.func.lower(c.subject) == one.id.lower()
            ended = conn.execute(
                sa.update(scope_agreement)
                .where(
                    *_of(facts.key),
                    c.subject_kind == one.kind.value,
                    same,
                    c.withdrawn_at.is_(None),
                )
                .values(withdrawn_at=now, withdrawn_by=author, withdrawn_reason=reason)
            )
            if not ended.rowcount:
                raise UsageError(
                    f"nothing stands that was agreed for it in {facts.line}", where=one.name
                )
    return facts, subjects


def _of(key: Key) -> tuple[sa.ColumnElement[bool], ...]:
    c = scope_agreement.c
    return (
        c.connection_id == key[0],
        c.milestone_kind == key[1].value,
        c.milestone_id == key[2],
    )


def _named(
    conn: sa.Connection, milestone: str, items: Sequence[str], labels: Sequence[str], now: datetime
) -> tuple[MilestoneFacts, tuple[Subject, ...]]:
    facts = the_one(milestones.Milestones(conn, now, now), milestone)
    found = [_item(conn, facts, name) for name in dict.fromkeys(items)]
    found += [Subject(SubjectKind.LABEL, name, name) for name in dict.fromkeys(labels)]
    return facts, tuple({(one.kind, one.id): one for one in found}.values())


def _item(conn: sa.Connection, facts: MilestoneFacts, name: str) -> Subject:
    """The item of this key, present or former, where the milestone lives."""
    k, w = schema.work_item_key.c, schema.work_item.c
    rows = conn.execute(
        sa.select(w.source_id, w.key)
        .join(
            schema.work_item_key,
            sa.and_(k.connection_id == w.connection_id, k.work_item_id == w.source_id),
        )
        .where(w.connection_id == facts.connection_id, sa.func.lower(k.key) == name.strip().lower())
        .distinct()
        .order_by(w.key)
    ).all()
    if len(rows) > 1:
        # A key that went to another item names the one that has it now.
        rows = [row for row in rows if row.key.lower() == name.strip().lower()] or rows
    if len(rows) != 1:
        raise UsageError(
            f"{len(rows) or 'no'} items of {facts.connection} have or had this key",
            where=name,
            todo="Write the key as the source writes it: APO-12, owner/name#7.",
        )
    m = schema.scope_membership.c
    inside = conn.execute(
        sa.select(sa.literal(1)).where(
            m.connection_id == facts.connection_id,
            m.member_kind == "work_item",
            m.member_id == rows[0].source_id,
            m.milestone_kind == facts.kind.value,
            m.milestone_id == facts.source_id,
            m.known_to.is_(None),
        )
    ).first()
    return Subject(SubjectKind.WORK_ITEM, rows[0].source_id, rows[0].key, inside is not None)


# --- mass edits -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A change of many items that somebody said was meant; instants in UTC."""

    field: str
    first_at: datetime
    last_at: datetime
    confirmed_at: datetime
    confirmed_by: str
    reason: str | None

    def covers(self, edit: MassEdit) -> bool:
        """Whether this change is that one, or a part of it."""
        inside = self.first_at <= edit.first_at and edit.last_at <= self.last_at
        return self.field == edit.field and inside


def confirmations(
    conn: sa.Connection, keys: Collection[Key], known_at: datetime
) -> dict[Key, tuple[Confirmation, ...]]:
    """What was confirmed by `known_at`, by milestone."""
    c = mass_edit_confirmation.c
    found: dict[Key, list[Confirmation]] = {}
    rows = conn.execute(
        sa.select(mass_edit_confirmation)
        .where(c.confirmed_at <= known_at)
        .order_by(c.first_at, c.field)
    )
    for row in rows:
        key = (row.connection_id, MilestoneKind(row.milestone_kind), row.milestone_id)
        if key in keys:
            found.setdefault(key, []).append(
                Confirmation(
                    row.field,
                    row.first_at,
                    row.last_at,
                    row.confirmed_at,
                    row.confirmed_by,
                    row.reason,
                )
            )
    return {key: tuple(mine) for key, mine in found.items()}


def unconfirmed(
    container: Container,
    *,
    after: datetime,
    until: datetime,
    size: int,
    confirmed: Sequence[Confirmation],
    agreed_at: datetime | None,
) -> tuple[MassEdit, ...]:
    """Changes of many items between two instants that nobody has said were meant; pure.

    `size`: of the container, in items. `agreed_at`: when a person last agreed to its plan, if ever:
    who did so after the change has seen it.
    """
    return tuple(
        one
        for one in mass_edits(container.edits(after, until), size)
        if not any(seen.covers(one) for seen in confirmed)
        and (agreed_at is None or one.last_at > agreed_at)
    )


def confirm(
    conn: sa.Connection,
    key: Key,
    edits: Iterable[MassEdit],
    *,
    now: datetime,
    author: str,
    reason: str | None,
) -> None:
    """Record that these changes, none of which was confirmed before, were meant."""
    conn.execute(
        sa.insert(mass_edit_confirmation),
        [
            {
                "connection_id": key[0],
                "milestone_kind": key[1].value,
                "milestone_id": key[2],
                "field": one.field,
                "first_at": one.first_at,
                "last_at": one.last_at,
                "items": len(one.items),
                "confirmed_at": now,
                "confirmed_by": author,
                "reason": reason,
            }
            for one in edits
        ],
    )
