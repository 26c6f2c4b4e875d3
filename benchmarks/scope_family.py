"""Detectors over every open milestone, through the judge: the scope family, or those named.

python -m benchmarks.scope_family STORE ITEMS [DETECTORS]
"""

import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from benchmarks.measure import print_measure
from benchmarks.scope_world import NOW, World
from sync.reconcile import registry
from sync.reconcile.contract import Channel, Detector, Found, NotChecked, Policy
from sync.reconcile.judge import Outcome, detect
from sync.reconcile.registry import Catalogue
from sync.reconcile.view import View
from sync.store.open import open_store


def main() -> None:
    """Judge once; those that are off by default are on here. Each detector's seconds are told."""
    url, items = sys.argv[1], int(sys.argv[2])
    chosen = [
        one
        for one in registry.BUILT_IN
        if (one.id in sys.argv[3].split() if sys.argv[3:] else one.family == "scope")
    ]
    policy, seconds = policy_of(World(items)), dict[str, float]()
    timed = Catalogue(tuple(_timed(one, seconds) for one in chosen))
    cpu, wall = time.process_time(), time.perf_counter()
    outcome = judged(url, policy, timed)
    print_measure(
        cpu, wall, findings=len(outcome.seen), unchecked=len(outcome.unchecked), by_detector=seconds
    )


def _timed(one: Detector, seconds: dict[str, float]) -> Detector:
    """The same, with the CPU that it took written down; the first one also reads for the others."""

    def detect(view: View, thresholds: Mapping[str, Any]) -> list[Found | NotChecked]:
        before = time.process_time()
        found = list(one.detect(view, thresholds))
        seconds[one.id] = round(time.process_time() - before, 2)
        return found

    return replace(one, detect=detect)


def policy_of(world: World) -> Policy:
    """Every open milestone is judged, by every detector."""
    channels = {one.id: Channel.DIGEST for one in registry.BUILT_IN}
    return Policy(judge=tuple(world.judged()), channels=channels)


def judged(url: str, policy: Policy, detectors: Catalogue) -> Outcome:
    """What they find now; nothing is kept."""
    store, outcome = open_store(url, read_only=True), Outcome()
    try:
        with store.reading() as conn:
            detect(View(conn, policy, NOW, NOW), detectors, outcome)
    finally:
        store.close()
    return outcome


if __name__ == "__main__":
    main()
