"""How long the forecasts of many milestones take: CPU seconds of one process.

    python benchmarks/forecast_model.py [--milestones 500]

Milestones differ in size, history, growth and promised date; a tenth are planned for less than six
weeks and simulated by days, and a few never end. All of them with 5,000 runs.
"""

import argparse
import time
from datetime import date, timedelta

import numpy as np

from sync.forecast.inputs import Inputs, Prior
from sync.forecast.model import simulate
from sync.ledger.working_days import WorkCalendar

DAY = date(2026, 3, 9)


def milestones(number: int) -> list[Inputs]:
    """So many inputs, always the same."""
    rng = np.random.default_rng(1)
    calendar = WorkCalendar(
        "Europe/Berlin", holidays=frozenset({date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1)})
    )
    made = []
    for place in range(number):
        weeks = int(rng.integers(3, 27))
        pace = float(rng.gamma(3.0, 1.0)) + 0.5
        done = tuple(float(one) for one in rng.poisson(pace, weeks))
        size = int(rng.integers(5, 120))
        made.append(
            Inputs(
                key=f"jira:version:{place}",
                as_of=DAY,
                due=DAY + timedelta(days=int(rng.integers(-10, 200))),
                open_items=size,
                baseline_items=size + int(sum(done) / 2),
                weekly_done=done,
                added=float(rng.integers(0, 30)),
                removed=float(rng.integers(0, 10)),
                completed=sum(done),
                calendar=calendar,
                daily=place % 10 == 0,
            )
        )
    return made


def main() -> None:
    """Print the CPU seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--milestones", type=int, default=500)
    number: int = parser.parse_args().milestones
    inputs = milestones(number)
    wall, cpu = time.perf_counter(), time.process_time()
    found = [simulate(one, Prior(3.0, 3.0)) for one in inputs]
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    told = sum(one.abstained is None for one in found)
    never = sum(one.abstained is None and one.p85 is None for one in found)
    print(
        f"{number} milestones, {told} with a forecast, {never} of them not within two years: "
        f"{cpu:.1f} s of CPU in one process ({wall:.1f} s by the clock), "
        f"{cpu / number * 1000:.1f} ms each"
    )


if __name__ == "__main__":
    main()
