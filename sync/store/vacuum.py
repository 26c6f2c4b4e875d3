"""Space of deleted rows is given back, and the planner's figures are brought up to date."""

from pathlib import Path

from sync.store import schema
from sync.store.bulk import quoted
from sync.store.open import Store
from sync.store.trouble import translated


def vacuum(store: Store) -> tuple[int, int]:
    """Do it; bytes of the database before and after.

    Raises StoreBusy where another process writes or reads for longer than a statement waits.
    """
    before = _size(store)
    with translated(store.url_shown), store.engine.connect() as conn:
        if store.dialect == "sqlite":
            conn = conn.execution_options(driftline_write=True)
            driver = conn.connection.driver_connection
            assert driver is not None
            driver.execute("VACUUM")
            driver.execute("PRAGMA optimize")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            conn = conn.execution_options(isolation_level="AUTOCOMMIT")
            for table in schema.metadata.sorted_tables:
                conn.exec_driver_sql(f"VACUUM (ANALYZE) {quoted(table.name)}")
    return before, _size(store)


def _size(store: Store) -> int:
    if store.dialect == "sqlite":
        path = Path(store.url_shown)
        log = path.with_name(f"{path.name}-wal")
        return path.stat().st_size + (log.stat().st_size if log.exists() else 0)
    with store.reading() as conn:
        found = conn.exec_driver_sql("SELECT pg_database_size(current_database())").scalar()
        return int(found or 0)
