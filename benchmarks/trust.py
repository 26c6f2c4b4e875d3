"""Kills, faults and edits for some minutes, and what they did to the store: nothing.

    python -m benchmarks.trust --minutes 5

Small companies take turns through all systems and APIs. People edit them between and during runs,
their servers have trouble, and `driftline sync` is a process of its own that is killed (`kill -9`)
at any request or statement. After some runs there is calm; then the store is held, table by table,
against one that reads the company once. Leaves with 1 if a row is lost, twice there, or wrong.
"""

import argparse
import json
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

# What draws schedules and compares stores is shared with the tests.
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.nursery import Child, Ended, Nursery, nursery
from support.schedules import promises
from support.schedules.compare import Difference, difference
from support.schedules.elsewhere import Elsewhere, elsewhere
from support.schedules.knowable import ever_hidden, unseen_keys
from support.schedules.plots import edit
from support.schedules.systems import SYSTEMS, Company, company
from support.schedules.trouble import trouble

from connectors.simulator.faults import Hook
from sync.store.open import open_store

#: Runs of a company before there is calm.
LEGS = 4
#: Requests and statements among which a run is killed.
REQUESTS, STATEMENTS = 70, 700


@dataclass
class Count:
    """What happened, and what became of the rows."""

    companies: int = 0
    runs: int = 0
    kills: int = 0
    edits: int = 0
    elsewhere: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    lost: int = 0
    duplicated: int = 0
    wrong: int = 0
    #: rounds that did not come to an end, with what was said.
    broken: list[str] = field(default_factory=list)

    def add(self, found: Difference, what: str) -> None:
        """Count the rows of one comparison."""
        self.rows += found.compared
        for table in {*found.lost, *found.extra}:
            less, more = len(found.lost.get(table, ())), len(found.extra.get(table, ()))
            both = min(less, more)
            self.wrong += both
            self.lost += less - both
            self.duplicated += more - both
        if found:
            self.broken.append(f"{what}\n{found}")

    def __str__(self) -> str:
        """The figures, one a line."""
        faults = ", ".join(f"{kind} {n}" for kind, n in sorted(self.faults.items()))
        return "\n".join(
            (
                f"companies         {self.companies}",
                f"runs              {self.runs}, of which killed {self.kills}",
                f"edits             {self.edits}",
                f"faults            {sum(self.faults.values())}: {faults}",
                f"asked elsewhere   {self.elsewhere} times, without a credential",
                f"rows compared     {self.rows}",
                f"lost              {self.lost}",
                f"duplicated        {self.duplicated}",
                f"wrong             {self.wrong}",
            )
        )


def main() -> int:
    """Go on until the time is over; 1 if a row is not as it must be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1, help="of the first company")
    options = parser.parse_args()
    count, seed = Count(), options.seed
    end = time.monotonic() + options.minutes * 60
    with tempfile.TemporaryDirectory() as folder, nursery(Path(folder)) as processes:
        while time.monotonic() < end:
            place = Path(folder, str(seed))
            place.mkdir()
            _round(seed, place, processes, count)
            seed += 1
    print(count)
    for one in count.broken:
        print(f"\n{one}")
    return 1 if count.broken else 0


def _round(seed: int, place: Path, processes: Nursery, count: Count) -> None:
    rng = random.Random(seed)
    name = list(SYSTEMS)[seed % len(SYSTEMS)]
    with elsewhere() as other, company(name, seed, changes=2) as there:
        lived, fresh = (_Desk(there, place / one, processes) for one in ("lived", "fresh"))
        try:
            for leg in range(LEGS):
                _leg(leg, rng, lived, other, count)
            there.later(timedelta(hours=25))
            for desk, more in ((lived, ("--census",)), (fresh, ())):
                ended = desk.start("sync", "--quiet", *more).wait()
                count.runs += 1
                assert ended.code == 0, f"exit code {ended.code}: {ended.err}"
            promises.no_credential_elsewhere(there, other)
            count.elsewhere += len(other.heard)
            count.add(_compared(lived, fresh), f"{name}, seed {seed}")
        except AssertionError as error:
            count.broken.append(f"{name}, seed {seed}: {error}")
    count.companies += 1


def _leg(leg: int, rng: random.Random, desk: "_Desk", other: Elsewhere, count: Count) -> None:
    """People edit, the server has trouble, and a run begins that may be killed."""
    there, script = desk.company, desk.company.simulator.script

    def happen() -> None:
        edit(there, rng)
        count.edits += 1

    if leg:
        there.later(timedelta(hours=rng.choice((1, 4, 30))))
        for _ in range(rng.randrange(6)):
            happen()
    for _ in range(rng.randrange(3)):
        script.hooks.append(Hook(".", happen, skip=rng.randrange(REQUESTS)))
    if rng.random() < 0.7:
        kind, fault = trouble(there, rng, other.url, REQUESTS // 2)
        script.faults.append(fault)
        count.faults[kind] += 1
    ended = desk.killed(rng) if rng.random() < 0.7 else desk.start("sync", "--quiet").wait()
    script.clear()
    count.runs += 1
    count.kills += ended.killed
    assert ended.killed or ended.code in (0, 4), f"exit code {ended.code}: {ended.err}"


def _compared(lived: "_Desk", fresh: "_Desk") -> Difference:
    there = lived.company
    left, right = (open_store(str(one.store), read_only=True) for one in (lived, fresh))
    try:
        return difference(
            left,
            right,
            now=there.clock.now(),
            is_limited=True,
            renamed=there.renamed(),
            vague=ever_hidden(there),
            unseen_keys=unseen_keys(there),
            retitled=there.retitled(),
        )
    finally:
        left.close()
        right.close()


class _Desk:
    """A configured directory, from which the command is started."""

    def __init__(self, there: Company, place: Path, processes: Nursery) -> None:
        self.company, self.place, self.processes = there, place, processes
        self.store = place / "driftline.db"
        place.mkdir()
        system = there.system
        scopes = "repositories" if system.kind == "github" else "projects"
        values = {
            "kind": system.kind,
            "url": there.simulator.url(system.prefix),
            "token_env": "TOKEN",
            scopes: list(there.named),
            **system.options,
        }
        if system.prefix == "jira-cloud":
            values["email"] = there.world.credentials["owner"].email
        lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        head = f'name = "Apollo"\nstore = {json.dumps(str(self.store))}\n\n[connections.it]\n'
        (place / "driftline.toml").write_text(head + "\n".join(lines) + "\n", encoding="utf-8")

    def start(self, *words: str, **how: int) -> Child:
        """A process of its own, at the company's time."""
        return self.processes.start(
            words,
            cwd=self.place,
            env={"TOKEN": self.company.token, "NO_PROXY": "*"},
            now=self.company.clock.now().isoformat(),
            **how,
        )

    def killed(self, rng: random.Random) -> Ended:
        """A run that is killed at any request or statement, if it comes so far."""
        if rng.random() < 0.5:
            return self.start("sync", "--quiet", die_at=rng.randrange(1, STATEMENTS)).wait()
        started: list[Child] = []
        is_known = threading.Event()

        def kill() -> None:
            is_known.wait(10)
            started[0].signal(signal.SIGKILL)

        hook = Hook(".", kill, skip=rng.randrange(REQUESTS), after=rng.random() < 0.5)
        self.company.simulator.script.hooks.append(hook)
        started.append(self.start("sync", "--quiet"))
        is_known.set()
        return started[0].wait()


if __name__ == "__main__":
    sys.exit(main())
