"""How every measured process reports: CPU and wall of the work, CPU and peak of the process."""

import json
import resource
import time
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
                "peak_mb": usage.ru_maxrss / 1024,
                **facts,
            }
        ),
        flush=True,
    )
