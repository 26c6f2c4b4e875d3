"""Workers that are killed for some minutes, and what they did to the store: nothing.

    python -m benchmarks.workers --store postgresql://user@host/empty_database --minutes 5

Four workers read a hundred projects and repositories of three simulated servers into one
PostgreSQL, round after round; every twenty seconds one of them is killed (`kill -9`) and started
again. Then a last round is done, and the store is held, table by table, against one that a single
run made.
Leaves with 1 if a row is lost, twice there or wrong, or a server's limit of requests was met.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

# The company and the killing are shared with the tests.
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.company import Company, Desk, company
from support.namespaces import ADDRESS, SECOND, cluster, initdb, inside, missing, network
from support.nursery import Nursery, nursery
from support.workers import kill_one_by_one, two_hosts, what_is_true

WORKERS = 4


def main() -> int:
    """Kill, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", help="an empty database on PostgreSQL")
    parser.add_argument(
        "--namespaces",
        type=int,
        default=0,
        help="spread the workers over so many network namespaces, with a private PostgreSQL server",
    )
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--every", type=float, default=20.0, help="seconds between kills")
    parser.add_argument("--projects", type=int, default=40, help="of Jira")
    parser.add_argument("--repositories", type=int, default=60, help="of GitHub and GitLab")
    parser.add_argument("--latency", type=float, default=0.3, help="seconds for each answer")
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--inside", nargs="*", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.inside is None and told.namespaces:
        return _spread(told.namespaces)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        place = Path(folder)
        # The database's own user passes through it.
        place.chmod(0o755)
        nurseries = []
        for one in told.inside or [""]:
            (own := place / f"said-{one}").mkdir()
            how = inside(one) if one else ()
            nurseries.append(stack.enter_context(nursery(own, inside=how)))
        if told.inside:
            programs = initdb()
            assert programs is not None, "PostgreSQL is not installed here"
            told.store = stack.enter_context(cluster(programs, place / "postgres", ADDRESS))
        elif told.store is None:
            parser.error("name an empty database with --store, or say --namespaces 2")
        them = stack.enter_context(
            company(
                place,
                nurseries[0],
                projects=told.projects,
                issues=8,
                repositories=told.repositories,
                changes=3,
                address="0.0.0.0" if told.inside else "127.0.0.1",
            )
        )
        return _work(told, them, nurseries)


def _spread(count: int) -> int:
    """The same in namespaces that can reach each other and nothing else."""
    why = missing()
    if why is not None:
        print(why, file=sys.stderr)
        return 2
    with network(count) as made:
        words = [sys.executable, "-m", "benchmarks.workers", *sys.argv[1:], "--inside"]
        return subprocess.run([*inside(made.hub), *words, *made.spokes], check=False).returncode


def _work(told: argparse.Namespace, them: Company, nurseries: list[Nursery]) -> int:
    def seat(name: str, company: Company, **how: Any) -> Desk:
        if not told.inside:
            return two_hosts(company.desk(name, **how))
        here = f"http://{ADDRESS}:{them.simulator.port}"
        return two_hosts(company.desk(name, url=here, **how), SECOND)

    alone = seat("alone", them)
    clean = alone.type("run", "--quiet")
    single = len(them.simulator.log)
    print(f"a single run: exit code {clean.code}, {single} requests", flush=True)
    them.simulator.log.clear()
    them.simulator.latency = told.latency
    # One scope after the other, so that a reading lasts and is hit.
    desks = [
        seat(
            f"host-{number}",
            them.by(nurseries[number % len(nurseries)]),
            store=told.store,
            workers=1,
        )
        for number in range(WORKERS)
    ]
    began = time.monotonic()
    kills, _ = kill_one_by_one(
        desks,
        random.Random(told.seed),
        every=told.every,
        seconds=told.minutes * 60,
        dead_after=10.0,
    )
    them.simulator.latency = 0.0
    last = desks[0].type("worker", "--once", "--quiet", dead_seconds=10.0)
    lasted = time.monotonic() - began
    runs = desks[0].rows("SELECT outcome, count(*) FROM sync_run GROUP BY outcome ORDER BY 1")
    ((scopes,),) = desks[0].rows(
        "SELECT count(*) FROM lease WHERE scope_kind NOT IN ('site', 'board')"
    )
    refused = sum(one.status in (403, 429) for one in them.simulator.log)
    here, there = what_is_true(desks[0]), what_is_true(alone)
    other = sorted(name for name in here.keys() | there if here.get(name) != there.get(name))
    print(
        f"{scopes} scopes, {WORKERS} workers, {lasted:.0f} s: "
        f"{kills} killed; runs {dict(runs)}; {len(them.simulator.log)} requests, "
        f"{refused} refused by a limit; last round: exit code {last.code}"
    )
    print(
        f"{len(there)} tables, {sum(map(len, there.values()))} rows: "
        + (f"other in {', '.join(other)}" if other else "equal to the single run")
    )
    is_well = not other and not refused and last.code == clean.code and kills
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
