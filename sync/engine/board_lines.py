"""After a board was read: its items are brought to what it says, without asking for them again."""

from collections.abc import Collection, Iterable
from datetime import datetime

import sqlalchemy as sa
from msgspec.structs import replace

from connectors.contract import Mode
from mappings.records import DataIssue, WorkItem
from mappings.registry import get as get_mapping
from sync.engine import boards
from sync.engine.commit import Normalizer, derive_items, subject, write_records
from sync.engine.context import Context
from sync.engine.lease import Lease
from sync.engine.session import Session, normalizer
from sync.store import boards as board_rows
from sync.store import read
from sync.store.bulk import select_ids
from sync.store.open import Store
from sync.store.schema import work_item
from sync.store.writer import Writer


def bring_up(context: Context, session: Session, lease: Lease, ids: Collection[str]) -> int:
    """Rows written for those of these work items over which something else is to be laid.

    They are normalized again from their stored payloads. That whatever came between is met again
    at the next reading makes it safe to do in a transaction of its own.
    """
    with context.store.reading() as conn:
        wrong = _wrong(conn, session.id, ids)
        if not wrong:
            return 0
        held = {
            stream: read.raw_of(conn, session.id, stream, wrong) for stream in _streams(session)
        }
    keys = {one.source_id: one.key for one in session.scopes if one.kind not in ("site", "board")}
    by_scope = get_mapping(session.plan.kind).needs_milestones
    scopes = sorted({scope for rows in held.values() for _, scope, _ in rows})
    makers: dict[str, Normalizer] = {
        scope: normalizer(
            context.store,
            session.plan,
            session.id,
            session.identity.base_url,
            keys.get(scope),
            scope if by_scope else None,
        )
        for scope in scopes
    }
    written = 0
    for scope, maker in makers.items():
        of_items, *_ = held
        found = None
        for stream, rows in held.items():
            mine = [(id_, payload) for id_, inside, payload in rows if inside == scope]
            found = maker.sort(stream, mine, found)
        assert found is not None
        found.items[:] = [_called(one, keys.get(scope)) for one in found.items]
        with context.store.writing() as conn:
            lease.check(conn)
            now = context.clock.now()
            writer = Writer(context.store, conn, session.id, now, is_replay=True)
            write_records(writer, conn, session.id, of_items, found, maker, now=now, sightings=True)
            # An item that stands as it did, and has no history to be read with, may have moved too.
            again = {one.source_id for one in found.items}
            derive_items(
                writer, conn, session.id, again, maker.categories, now, boarded=maker.boards
            )
            written += writer.rows
    return written


def _called(item: WorkItem, scope_key: str | None) -> WorkItem:
    """A payload may name its repository by a former key: the item is called by the present one."""
    former, mark, number = item.key.rpartition("#")
    if not mark or scope_key is None or former == scope_key:
        return item
    return replace(item, key=f"{scope_key}#{number}")


def _wrong(conn: sa.Connection, connection_id: int, ids: Collection[str]) -> set[str]:
    """Stored items over which something else is laid than what boards say."""
    stored = {
        row[0]
        for row in select_ids(conn, work_item, ("source_id",), connection_id, "source_id", ids)
    }
    told = board_rows.told(conn, connection_id, stored)
    laid = board_rows.laid(conn, connection_id, stored)
    return {id_ for id_ in stored if boards.expected(told.get(id_, ())) != laid.get(id_, set())}


def _streams(session: Session) -> list[str]:
    """Streams that bring items, then those that bring their histories."""
    return [
        *(
            one.name
            for one in session.streams
            if "work_item" in one.feeds and one.mode is Mode.INCREMENTAL
        ),
        *(one.name for one in session.streams if "history" in one.feeds),
    ]


def forget_others(
    store: Store, connection_id: int, keys: Collection[str], now: datetime, streams: Iterable[str]
) -> int:
    """End the lines of boards that are read no more, and what was said about them; rows changed.

    `keys` are those that are read, folded; `streams` those that bring lines.
    """
    with store.writing() as conn:
        others = board_rows.of_others(conn, connection_id, keys)
        writer = Writer(store, conn, connection_id, now)
        writer.board_items_left(id_ for ids in others.values() for id_ in ids)
        writer.data_issues({subject(name, board) for name in streams for board in others}, [])
        return writer.rows


def not_counted(
    conn: sa.Connection, session: Session, stream: str, board_id: str, key: str
) -> tuple[str, list[DataIssue]]:
    """(subject, issue or none) about lines of a board that stand for nothing that is read."""
    scopes = {one.source_id for one in session.scopes if one.kind != "board"}
    drafts, hidden, elsewhere = board_rows.counts(conn, session.id, board_id, scopes)
    told = [
        f"{number} {what}"
        for number, what in (
            (drafts, "drafts without an issue"),
            (hidden, "lines that this token may not see"),
            (elsewhere, "issues of repositories that are not read"),
        )
        if number
    ]
    about = subject(stream, board_id)
    if not told:
        return about, []
    return about, [
        DataIssue(
            kind="board-not-counted",
            subject=about,
            raw_value=f"{drafts} {hidden} {elsewhere}",
            message=f"Project {key} holds {', '.join(told)}: they are counted nowhere. Make issues "
            "of drafts that are work, and name every repository of the project in `repositories`.",
        )
    ]
