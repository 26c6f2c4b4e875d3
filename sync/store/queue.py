"""The queue of work that several machines share: tables of Procrastinate beside those of the store.

They are in a schema of their own, hold nothing but orders to read and to judge, and are no part of
the store: backups, copies and upgrades leave them alone.
"""

import sqlalchemy as sa

from sync.errors import StoreRefused
from sync.store.locks import server_lock
from sync.store.open import Store
from sync.store.trouble import translated

#: Schema of PostgreSQL in which the tables of the queue are.
SCHEMA = "procrastinate"


def prepare(store: Store, statements: str, version: str) -> None:
    """Make the queue's tables with the `statements` of Procrastinate `version`, once.

    Raises StoreRefused where another version made them, StoreErrors for trouble with the database.
    """
    mark = f"driftline worker, procrastinate {version}"
    with (
        server_lock(store.engine, store.url_shown),
        translated(store.url_shown),
        store.engine.connect() as conn,
        conn.begin(),
    ):
        found = conn.execute(
            sa.text(
                "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace "
                "WHERE nspname = :name"
            ),
            {"name": SCHEMA},
        ).one_or_none()
        if found is None:
            conn.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
            conn.exec_driver_sql(f"SET LOCAL search_path TO {SCHEMA}")
            # Many statements at once, in which a per cent sign is one: the driver takes them.
            cursor = conn.connection.cursor()
            cursor.execute(statements)
            cursor.close()
            conn.exec_driver_sql(f"COMMENT ON SCHEMA {SCHEMA} IS '{mark}'")
        elif found[0] != mark:
            raise StoreRefused(
                f"the queue of the workers is not that of procrastinate {version}"
                f" ({found[0] or 'made by somebody else'})",
                where=store.url_shown,
                todo=f"Install one version everywhere, or stop all workers and run in psql: "
                f"DROP SCHEMA {SCHEMA} CASCADE; it holds orders only, and the next start makes it.",
            )
