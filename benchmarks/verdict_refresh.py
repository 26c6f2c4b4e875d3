"""All verdicts of a store, or those that what arrived since asks for, by a process of its own.

python -m benchmarks.verdict_refresh STORE
"""

import sys
import time

from benchmarks.measure import print_measure
from benchmarks.scope_world import NOW
from sync.store.open import open_store
from sync.verdict.refresh import refresh


def main() -> None:
    """Refresh once, and say how many were judged and came out new or changed."""
    store = open_store(sys.argv[1])
    try:
        cpu, wall = time.process_time(), time.perf_counter()
        with store.writing() as conn:
            done = refresh(conn, NOW)
        print_measure(cpu, wall, judged=done.judged, written=done.verdicts, checks=done.checks)
    finally:
        store.close()


if __name__ == "__main__":
    main()
