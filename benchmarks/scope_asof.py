"""The scope of one milestone at an instant that has passed, by a process of its own.

python -m benchmarks.scope_asof STORE MILESTONE

The pages of the store's file are dropped from the system's memory first, where the system does that
for who owns the file. The clock runs from opening the store to the ledger; imports are in
`process_cpu` only.
"""

import os
import sys
import time

from benchmarks.measure import print_measure
from benchmarks.scope_world import AS_OF, NOW
from sync.reconcile.contract import Policy
from sync.reconcile.view import View
from sync.store.open import open_store


def main() -> None:
    """Look once."""
    url, milestone = sys.argv[1:3]
    is_dropped = drop(url)
    cpu, wall = time.process_time(), time.perf_counter()
    found = look(url, milestone)
    print_measure(cpu, wall, dropped=is_dropped, **found)


def look(url: str, milestone: str) -> dict[str, float]:
    """What was in it ten days ago, and how it came to be so, by what is known now."""
    store = open_store(url, read_only=True)
    try:
        with store.reading() as conn:
            view = View(conn, Policy(judge=(milestone,)), AS_OF, NOW, present=False)
            (plan,) = view.plans()
            assert plan.ledger is not None, plan.withheld
            return {
                "items": len(plan.container.items),
                "leaves": len(plan.leaves),
                "lines": len(plan.ledger.lines),
                "balanced": plan.ledger.balanced,
            }
    finally:
        store.close()


def drop(url: str) -> bool:
    """Have a file read anew from its disk; False: it is no file, or the system cannot."""
    if not os.path.exists(url) or not hasattr(os, "posix_fadvise"):
        return False
    file = os.open(url, os.O_RDONLY)
    try:
        os.fsync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(file)
    return True


if __name__ == "__main__":
    main()
