"""Tombstones, and what follows from them: who is gone is no longer a member of anything."""

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa

from mappings.vocabulary import StatusCategory
from sync.engine import code
from sync.engine.commit import derive_items
from sync.store import schema
from sync.store.rows import Fate
from sync.store.tables_code import change_request
from sync.store.writer import Writer

#: Tables whose rows get tombstones.
BURIED = (schema.work_item, change_request)


def bury(
    writer: Writer,
    conn: sa.Connection,
    connection_id: int,
    table: sa.Table,
    gone: Mapping[str, Fate],
    categories: Mapping[str, StatusCategory],
    now: datetime,
) -> None:
    """Mark rows of `table` (one of `BURIED`) as gone and end their memberships."""
    if table is change_request:
        writer.code.tombstones(gone)
    else:
        writer.tombstones(gone)
    derive(writer, conn, connection_id, table, gone, categories, now)


def derive(
    writer: Writer,
    conn: sa.Connection,
    connection_id: int,
    table: sa.Table,
    ids: Collection[str],
    categories: Mapping[str, StatusCategory],
    now: datetime,
) -> None:
    """What follows from the presence of these rows."""
    if table is change_request:
        code.derive_changes(writer.code, conn, connection_id, ids, now)
    else:
        derive_items(writer, conn, connection_id, ids, categories, now)
