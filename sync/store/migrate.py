"""Upgrade an older store; Alembic is imported only here because that costs a second."""

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config

from sync.store.open import HEAD, Store


def config() -> Config:
    """Alembic's configuration: the scripts inside the package, no alembic.ini."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return made


def upgrade(store: Store, revision: str) -> None:
    """Bring the store from `revision` to the newest one; an SQLite file is copied first."""
    if store.dialect == "sqlite" and store.url_shown != "memory":
        _back_up(Path(store.url_shown), revision)
    made = config()
    with store.engine.connect() as conn:
        if store.dialect == "sqlite":
            # Batch operations rebuild tables; this pragma is ignored inside a transaction.
            conn.connection.cursor().execute("PRAGMA foreign_keys = OFF")
        conn = conn.execution_options(driftline_write=True)
        with conn.begin():
            made.attributes["connection"] = conn
            command.upgrade(made, HEAD)
        if store.dialect == "sqlite":
            conn.connection.cursor().execute("PRAGMA foreign_keys = ON")


def _back_up(path: Path, revision: str) -> Path:
    target = path.with_name(f"{path.name}.before-{revision}")
    source = sqlite3.connect(path)
    try:
        copy = sqlite3.connect(target)
        try:
            source.backup(copy)
        finally:
            copy.close()
    finally:
        source.close()
    return target
