"""Several workers over one store, some of them killed, and what the store says afterwards."""

import random
import re
import signal
import time

from support.company import Desk
from support.nursery import Child

#: Tables that say how often was judged, and what was new then: many rounds have more to say.
_BY_ROUND = frozenset({"finding", "finding_event", "reconcile_run"})


def what_is_true(desk: Desk) -> dict[str, list[tuple[object, ...]]]:
    """Every table, and of findings what they say and not since which round."""
    found = {name: rows for name, rows in desk.tables().items() if name not in _BY_ROUND}
    said = (
        "SELECT fingerprint, detector, rule, subject, milestone_id, severity, title, "
        "resolved_at IS NULL FROM finding"
    )
    return {**found, "finding": sorted((repr(row),) for row in map(told, desk.rows(said)))}


def told(row: tuple[object, ...]) -> tuple[object, ...]:
    """SQLite has no truth, only 0 and 1."""
    return (*row[:-1], bool(row[-1]))


def jobs(desk: Desk) -> int:
    """Jobs that are left in the queue."""
    return int(desk.rows("SELECT count(*) FROM procrastinate.procrastinate_jobs")[0][0])


def two_hosts(desk: Desk, other: str = "localhost") -> Desk:
    """The same, but GitLab's part is reached by another name: three servers, so three jobs."""
    file = desk.directory / "driftline.toml"
    where = f":{desk.company.simulator.port}/gitlab"
    text, found = re.subn(rf"//[\w.]+{where}", f"//{other}{where}", file.read_text("utf-8"))
    assert found == 1
    file.write_text(text, "utf-8")
    return desk


def kill_one_by_one(
    desks: list[Desk],
    rng: random.Random,
    *,
    every: float,
    seconds: float,
    dead_after: float = 4.0,
) -> tuple[int, list[int]]:
    """Workers at all desks, round after round, for a while: (kills, exit codes of the others)."""

    def start(desk: Desk) -> Child:
        return desk.start("worker", "--once", "--quiet", dead_seconds=dead_after, is_machine=True)

    running = [start(desk) for desk in desks]
    kills, codes = 0, []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(every)
        victim = rng.randrange(len(desks))
        running[victim].signal(signal.SIGKILL)
        for place, child in enumerate(running):
            code = child.ended() if place != victim else child.wait().code
            if code is None:
                continue
            if code == -signal.SIGKILL:
                kills += 1
            else:
                codes.append(code)
                assert code == 0, child.err.read_text("utf-8")
            running[place] = start(desks[place])
    codes += [child.wait().code for child in running]
    return kills, codes
