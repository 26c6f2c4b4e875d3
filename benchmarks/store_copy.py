"""A store is copied to PostgreSQL and back, and held against itself.

    python -m benchmarks.store_copy DATABASE SERVER
DATABASE is a filled SQLite store (`python -m benchmarks.scope_fill` makes one), SERVER an empty
database. Prints seconds, rows and the most memory held on both ways; ends with 1 where a table
differs.
"""

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import peak_mb
from sync.store import schema
from sync.store.open import Store, open_store
from sync.store.transfer import copy, table_sum


def main() -> None:
    """Copy there and back, and compare the sums of all rows of each table."""
    database, server = sys.argv[1:3]
    here, there = open_store(database), open_store(server)
    with tempfile.TemporaryDirectory() as directory:
        back = open_store(str(Path(directory, "back.db")))
        for name, source, target in (("to the server", here, there), ("back", there, back)):
            began = time.perf_counter()
            rows = sum(one.rows for one in copy(source, target, lambda _: None))
            seconds = time.perf_counter() - began
            print(
                f"{name}: {rows:,} rows in {seconds:.0f} s, {rows / seconds:,.0f} a second, "
                f"peak memory so far {peak_mb():.0f} MB",
                flush=True,
            )
        tables = schema.metadata.sorted_tables
        differing = [one.name for one in tables if _held(here, one) != _held(back, one)]
        back.close()
    here.close()
    there.close()
    print(f"{len(tables)} tables compared; that differ: {', '.join(differing) or 'none'}")
    sys.exit(bool(differing))


def _held(store: Store, table: schema.Table) -> tuple[int, int]:
    with store.reading() as conn:
        return table_sum(conn, table)


if __name__ == "__main__":
    main()
