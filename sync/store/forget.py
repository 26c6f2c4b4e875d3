"""A person is forgotten: what they are called goes out of every row, and does not come back.

Ids of accounts stay, since rows hang on them; so do sentences that others wrote (titles, the words
of commits): they are counted, for the source to change.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import EventField
from sync.store import schema
from sync.store.erasure import ERASED, Eraser, eraser, hashes_of
from sync.store.open import Store
from sync.store.payloads import Unpacker, packed
from sync.store.tables_forgotten import forgotten

#: Payloads of one transaction.
AT_ONCE = 500
#: Shorter names are parts of other words; in sentences of ours they stay.
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class Account:
    """An account of a person."""

    connection_id: int
    connection: str
    source_id: str
    name: str | None
    login: str | None
    email: str | None

    @property
    def words(self) -> frozenset[str]:
        """What they are called there; never their id, on which rows hang."""
        found = {one for one in (self.name, self.login, self.email) if one}
        return frozenset(found - {self.source_id, ERASED})


def accounts(conn: sa.Connection) -> tuple[Account, ...]:
    """All accounts, in the order of their connections and ids."""
    a, c = schema.account.c, schema.connection.c
    rows = conn.execute(
        sa.select(a.connection_id, c.name.label("of"), a.source_id, a.name, a.login, a.email)
        .join_from(schema.account, schema.connection, c.id == a.connection_id)
        .order_by(a.connection_id, a.source_id)
    )
    return tuple(
        Account(row.connection_id, row.of, row.source_id, row.name, row.login, row.email)
        for row in rows
    )


def forget(store: Store, whom: Sequence[Account], now: datetime) -> Mapping[str, int]:
    """Take these accounts' names out; table -> rows changed, and `titles` that still hold one.

    First it is noted who is forgotten: a run that goes on meanwhile brings nothing back.
    """
    done: dict[str, int] = {}
    with store.writing() as conn:
        for one in whom:
            held = hashes_of(conn, one.words)
            key = (
                forgotten.c.connection_id == one.connection_id,
                forgotten.c.account_id == one.source_id,
            )
            before = conn.execute(sa.select(forgotten.c.hashes).where(*key)).scalar()
            conn.execute(sa.delete(forgotten).where(*key))
            conn.execute(
                sa.insert(forgotten).values(
                    connection_id=one.connection_id,
                    account_id=one.source_id,
                    at=now,
                    hashes=sorted({*held, *(before or ())}),
                )
            )
        words = frozenset().union(*(one.words for one in whom))
        _accounts(conn, whom, done)
        _events(conn, whom, done)
        _texts(conn, words, done)
    for connection_id in sorted({one.connection_id for one in whom}):
        done["raw_record"] = done.get("raw_record", 0) + _payloads(store, connection_id)
    with store.reading() as conn:
        done["titles"] = _titles(conn, words)
    return {table: rows for table, rows in done.items() if rows}


def _accounts(conn: sa.Connection, whom: Iterable[Account], done: dict[str, int]) -> None:
    for one in whom:
        for table in (schema.account, schema.PAST["account"]):
            changed = conn.execute(
                sa.update(table)
                .where(
                    table.c.connection_id == one.connection_id,
                    table.c.source_id == one.source_id,
                )
                .values(name=ERASED, login=None, email=None, url=None)
            ).rowcount
            done[table.name] = done.get(table.name, 0) + changed
        person = schema.metadata.tables["person_account"]
        done[person.name] = (
            done.get(person.name, 0)
            + conn.execute(
                sa.update(person)
                .where(
                    person.c.connection_id == one.connection_id,
                    person.c.account_id == one.source_id,
                )
                .values(person=ERASED)
            ).rowcount
        )


def _events(conn: sa.Connection, whom: Iterable[Account], done: dict[str, int]) -> None:
    """Who was given an item is told by id and by name."""
    e = schema.field_event
    for one in whom:
        for ids, text in (("old_ids", "old_text"), ("new_ids", "new_text")):
            changed = conn.execute(
                sa.update(e)
                .where(
                    e.c.connection_id == one.connection_id,
                    e.c.field == EventField.ASSIGNEE.value,
                    e.c[ids] == one.source_id,
                    e.c[text].is_not(None),
                )
                .values({text: ERASED})
            ).rowcount
            done[e.name] = done.get(e.name, 0) + changed


def _texts(conn: sa.Connection, words: frozenset[str], done: dict[str, int]) -> None:
    """Sentences of ours, and who is named as somebody who said something."""
    named = sorted((one for one in words if len(one) >= _SHORTEST), key=len, reverse=True)
    if not named:
        return

    def without(value: Any) -> Any:
        if isinstance(value, str):
            for word in named:
                value = value.replace(word, ERASED)
            return value
        if isinstance(value, list):
            return [without(one) for one in value]
        if isinstance(value, dict):
            return {name: without(one) for name, one in value.items()}
        return value

    for table in schema.metadata.sorted_tables:
        columns = _SENTENCES.get(table.name.removesuffix("_past"), ())
        mine = [name for name in columns if name in table.c]
        if mine:
            _rewrite(conn, table, mine, without, done)


#: Where what we say, or who said something to us, is kept.
_SENTENCES: Mapping[str, tuple[str, ...]] = {
    "answer_mail": ("sender",),
    "baseline": ("author", "reason"),
    "evidence_upload": ("author", "reason", "removed_by"),
    "finding": ("title", "words", "evidence"),
    "finding_answer": ("author", "reason", "ended_by", "ended_reason"),
    "finding_event": ("author", "reason"),
    "mass_edit_confirmation": ("confirmed_by", "reason"),
    "milestone_part": ("author",),
    "report": ("payload",),
    "report_approval": ("author", "note"),
    "scope_agreement": ("agreed_by", "reason", "withdrawn_by"),
    "test_check": ("confirmed_by",),
}


def _rewrite(
    conn: sa.Connection,
    table: sa.Table,
    names: Sequence[str],
    without: Callable[[Any], Any],
    done: dict[str, int],
) -> None:
    keys = list(table.primary_key.columns)
    rows = conn.execute(sa.select(*keys, *(table.c[name] for name in names))).all()
    for row in rows:
        before = row[len(keys) :]
        after = [without(value) for value in before]
        if list(before) != after:
            such = [column == value for column, value in zip(keys, row, strict=False)]
            conn.execute(sa.update(table).where(*such).values(dict(zip(names, after, strict=True))))
            done[table.name] = done.get(table.name, 0) + 1


def _payloads(store: Store, connection_id: int) -> int:
    """Take the names out of the stored payloads of a connection; how many changed."""
    r = schema.raw_record
    with store.reading() as conn:
        found: Eraser | None = eraser(conn, connection_id)
        streams = conn.execute(
            sa.select(r.c.stream).distinct().where(r.c.connection_id == connection_id)
        ).scalars()
        names = sorted(streams)
    if found is None:
        return 0
    changed = 0
    for stream in names:
        after = ""
        while True:
            with store.writing() as conn:
                rows = conn.execute(
                    sa.select(r.c.source_id, r.c.payload)
                    .where(
                        r.c.connection_id == connection_id,
                        r.c.stream == stream,
                        r.c.source_id > after,
                    )
                    .order_by(r.c.source_id)
                    .limit(AT_ONCE)
                ).all()
                unpacker = Unpacker(conn, connection_id, stream)
                for row in rows:
                    was = unpacker.json(bytes(row.payload))
                    now = found.payload(was)
                    if now is not was:
                        changed += 1
                        conn.execute(
                            sa.update(r)
                            .where(
                                r.c.connection_id == connection_id,
                                r.c.stream == stream,
                                r.c.source_id == row.source_id,
                            )
                            .values(
                                payload=packed(now),
                                content_hash=hashlib.sha256(now).digest()[:16],
                            )
                        )
            if len(rows) < AT_ONCE:
                break
            after = rows[-1].source_id
    return changed


def _titles(conn: sa.Connection, words: frozenset[str]) -> int:
    """Titles that name them: others' sentences, which the source has to change."""
    named = [one for one in words if len(one) >= _SHORTEST]
    total = 0
    for table in (schema.work_item, schema.metadata.tables["change_request"]):
        titles = conn.execute(sa.select(table.c.title)).scalars()
        total += sum(any(word in (title or "") for word in named) for title in titles)
    return total
