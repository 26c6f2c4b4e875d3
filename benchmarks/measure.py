"""How every measured process reports: CPU and wall of the work, CPU and peak of the process."""

import json
import re
import resource
import time
from pathlib import Path
from typing import Any


def print_measure(cpu: float, wall: float, **facts: Any) -> None:
    """Print one JSON line. `cpu` and `wall`: readings of the clocks when the work began."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "cpu": time.process_time() - cpu,
                "wall": time.perf_counter() - wall,
                "process_cpu": usage.ru_utime + usage.ru_stime,
                "peak_mb": peak_mb(),
                **facts,
            }
        ),
        flush=True,
    )


def peak_mb() -> float:
    """Most memory that this program held.

    What the system tells of a process includes its parent's before the program began: Linux tells
    that of the program alone.
    """
    try:
        told = Path("/proc/self/status").read_text("ascii")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = re.search(r"VmHWM:\s+(\d+) kB", told)
    return int(found[1]) / 1024 if found else 0.0
