"""Plays new schedules for so many minutes: `python -m convergence.soak --minutes 30`.

Prints what was played, and for each schedule that fails how to play it again (`--seed`). Leaves
with 1 if any did. Needs the checkout and its `tests` folder on the path, as `make soak` puts them.
"""

import argparse
import secrets
import sys
import tempfile
import time
from pathlib import Path

from support.schedules.play import Report, drawn, play


def main() -> int:
    """Play until the time is over; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=None, help="play this one schedule")
    parser.add_argument(
        "--first", type=int, default=None, help="seed to begin with, else a new one"
    )
    options = parser.parse_args()
    if options.seed is not None:
        return 0 if _one(options.seed, Report()) else 1
    seed = options.first if options.first is not None else secrets.randbelow(10**9)
    print(f"schedules from seed {seed}, for {options.minutes:g} minutes", flush=True)
    total, played, failed = Report(), 0, []
    end = time.monotonic() + options.minutes * 60
    while time.monotonic() < end:
        if not _one(seed, total):
            failed.append(seed)
        played, seed = played + 1, seed + 1
    print(
        f"{played} schedules, {total.runs} runs, {total.kills} kills, {total.takeovers} takeovers, "
        f"{sum(total.edits.values())} edits, {sum(total.faults.values())} faults, "
        f"{total.compared} rows compared"
    )
    print(f"failed: {', '.join(map(str, failed)) or 'none'}")
    return 1 if failed else 0


def _one(seed: int, total: Report) -> bool:
    schedule = drawn(seed)
    with tempfile.TemporaryDirectory() as folder:
        try:
            total.add(play(schedule, str(Path(folder, "a.db")), str(Path(folder, "b.db"))))
        except Exception as error:  # noqa: BLE001  # whatever it is, the seed is what counts
            notes = "\n".join(getattr(error, "__notes__", ()))
            print(f"FAILED {schedule}: {type(error).__name__}: {error}\n{notes}", flush=True)
            return False
    return True


if __name__ == "__main__":
    sys.exit(main())
