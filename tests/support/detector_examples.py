"""Real findings for the pages of the detectors: `python -m support.detector_examples FILE`.

The simulated company is played for some seeds, read, and judged with every detector switched on.
The first finding of each detector is kept with the words of all three audiences. A detector that
finds nothing there is looked for in a week with more trouble (`support.more_trouble`), and then in
its own cases; the page says so. `--missing` plays
nothing: it adds from the cases what the file does not have yet.
"""

import json
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from support import cases
from support.checkout import ROOT

from sync.reconcile.contract import Channel, Detector, Finding, Policy
from sync.reconcile.findings import last_runs
from sync.reconcile.life import PARTS, spoken
from sync.reconcile.registry import BUILT_IN, Catalogue
from sync.reconcile.runner import reconcile
from sync.store.open import memory_store, open_store

#: What the pages show.
FILE = ROOT / "docs" / "detectors" / "examples.json"
#: Stories that are looked at: those after them show no detector that these do not.
SEEDS = (1, 2)
_READERS = ("manager", "executive", "engineer")
#: Proofs that a page shows.
_PROOFS = 3


def examples(seeds: Iterable[int] = SEEDS) -> dict[str, Any]:
    """An example of each detector, by its id."""
    found: dict[str, Any] = {}
    for seed in seeds:
        for id_, finding in _first_of_each(_played(seed)).items():
            found.setdefault(id_, {"seed": seed, **_told(finding)})
    for id_, finding in _first_of_each(_played_with_more(SEEDS[0])).items():
        found.setdefault(id_, {"seed": SEEDS[0], "more": True, **_told(finding)})
    return _completed(found)


def from_cases(known: Mapping[str, Any]) -> dict[str, Any]:
    """`known`, with the finding of its first case for each detector that is not in it."""
    return _completed(dict(known))


def written(found: Mapping[str, Any]) -> str:
    """The file's content."""
    return json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def everything_on(policy: Policy, detectors: Iterable[Detector] = BUILT_IN) -> Policy:
    """The policy with those detectors in the page that are off unless somebody asks for them."""
    off = {one.id: Channel.DIGEST for one in detectors if one.channel is Channel.OFF}
    return replace(policy, channels=off)


def _played(seed: int) -> tuple[Finding, ...]:
    """What there is to find in one story of the simulated company."""
    from connectors.simulator.build import build as build_world
    from connectors.simulator.story import Story
    from connectors.simulator.story_code import CodeStory
    from sync.cli.demo import PROGRAM, START, play

    with tempfile.TemporaryDirectory() as place:
        play(Path(place), seed)
        world = build_world(seed, now=START)
        judged = CodeStory(world, Story.plan(world, seed), seed).judged
        policy = everything_on(Policy(program=PROGRAM, judge=tuple(judged)))
        store = open_store(str((Path(place) / "driftline.db").resolve()))
        try:
            with store.reading() as conn:
                (last,) = last_runs(conn, 1)
            # Twice: what has to stand for two runs is told in the second one.
            for minutes in (1, 2):
                clock = cases.At(last.at + timedelta(minutes=minutes))
                result = reconcile(store, policy, clock=clock)
        finally:
            store.close()
    return result.findings


def _played_with_more(seed: int) -> tuple[Finding, ...]:
    """The same company, in whose week more goes wrong than `driftline demo` plays."""
    from support import more_trouble

    from connectors.simulator.build import build as build_world
    from connectors.simulator.clock import Clock as WorldClock
    from connectors.simulator.server import Simulator
    from connectors.simulator.story import GAP, Story
    from connectors.simulator.story_code import CodeStory
    from sync.cli.demo import PROGRAM, START
    from sync.cli.demo_company import confirm, connections, plan
    from sync.engine.run import sync

    world = build_world(seed, now=START)
    story = CodeStory(world, Story.plan(world, seed), seed)
    clock, store = WorldClock(START), memory_store()
    project = next(one for one in world.projects.values() if one.kind == "scrum")
    more_trouble.prepare(world, project)
    try:
        with Simulator(world, clock) as simulator:
            told = connections(simulator, world)
            sync(store, plan(told, clock), clock=clock, sleep=clock.sleep)
            confirm(store, story, clock)
            # First: what the story does to an item later stands after it.
            more = more_trouble.plant(world, project, START)
            story.moves()
            clock.advance(GAP)
            sync(store, plan(told, clock), clock=clock, sleep=clock.sleep)
        judged = tuple(dict.fromkeys((*story.judged, *more)))
        policy = everything_on(Policy(program=PROGRAM, judge=judged))
        return reconcile(store, policy, clock=clock).findings
    finally:
        store.close()


def _first_of_each(findings: Iterable[Finding]) -> dict[str, Finding]:
    """By detector: one that may be shown to all, of its main rule, the worst, by name."""
    found: dict[str, Finding] = {}

    def order(one: Finding) -> tuple[Any, ...]:
        hidden = any(proof.restricted for proof in one.evidence)
        return hidden, bool(one.rule), -one.severity.rank, one.title, one.subject

    for one in sorted(findings, key=order):
        found.setdefault(one.detector, one)
    return found


def _told(finding: Finding) -> dict[str, Any]:
    """The words that each reader gets, and the proofs; without addresses, which lead nowhere."""
    proofs = [one.text for one in finding.evidence if not one.restricted]
    readers = {}
    for reader in _READERS:
        mine = spoken(finding, reader)
        readers[reader] = {part: getattr(mine, part) for part in PARTS}
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "proofs": proofs[:_PROOFS],
        "more_proofs": max(0, len(proofs) - _PROOFS),
        "words": readers,
    }


def _completed(found: dict[str, Any]) -> dict[str, Any]:
    """With cases for what was not found, and the levels of every detector's cases."""
    store = memory_store()
    for detector in BUILT_IN:
        mine = cases.load(detector.id)
        if detector.id not in found:
            found[detector.id] = _of_case(store, detector, mine)
        levels: dict[str, str] = {}
        for case in mine:
            for expected in case.data.get("expect", ()):
                levels.setdefault(expected["severity"], case.name)
        found[detector.id]["levels"] = levels
    store.close()
    return {id_: found[id_] for id_ in sorted(found) if id_ in {one.id for one in BUILT_IN}}


def _of_case(store: Any, detector: Detector, mine: Iterable[cases.Case]) -> dict[str, Any]:
    only = Catalogue((detector,))
    for case in mine:
        if not case.data.get("expect"):
            continue
        cases.refill(store, case.data)
        policy = everything_on(cases.policy(case.data), only.detectors)
        result = reconcile(store, policy, clock=cases.At(case.now), record=False, detectors=only)
        told = _first_of_each(result.findings)
        if detector.id in told:
            return {"case": case.name, **_told(told[detector.id])}
    raise LookupError(f"no case of {detector.id} finds anything")


def main() -> None:
    """Write the file that is named, or the one of the pages."""
    arguments = [one for one in sys.argv[1:] if one != "--missing"]
    path = Path(arguments[0]) if arguments else FILE
    if "--missing" in sys.argv:
        made = from_cases(json.loads(path.read_text(encoding="utf-8")))
    else:
        made = examples()
    path.write_text(written(made), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
