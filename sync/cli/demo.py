"""`driftline demo`: a simulated company, the real connectors, and a report that can be checked.

No credentials, and no network but loopback: the world is read, a week passes in it, it is read
again, reconciled and reported. The last line compares the findings with what was planted.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync.cli.app import App, pass_app

if TYPE_CHECKING:
    from connectors.simulator.clock import Clock as WorldClock
    from connectors.simulator.story import Planted
    from sync.cli.demo_company import Api
    from sync.clock import Clock
    from sync.engine.plan import ConnectionPlan
    from sync.reconcile.contract import Finding, Reconciliation
    from sync.store.open import Store

#: When the story begins (a Monday morning): the same seed gives the same report.
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PROGRAM = "Apollo"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was planted and what was found."""

    planted: int
    found: int
    missed: tuple[str, ...]
    false: tuple[str, ...]

    @property
    def line(self) -> str:
        """The last line of the demo."""
        return (
            f"planted {self.planted}, found {self.found}, missed {len(self.missed)}, "
            f"false {len(self.false)}"
        )


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("driftline-demo"),
    show_default=True,
    help="Directory for report.html, report.eml, report.json and driftline.db.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, another story.")
@pass_app
@click.pass_context
def demo(context: click.Context, app: App, out: Path, seed: int) -> None:
    """Show what driftline does: no credentials, no network, a report that is checked."""
    outcome, text = play(out, seed)
    app.say_lines(text)
    for name, lines in (("missed", outcome.missed), ("false", outcome.false)):
        for line in lines:
            app.trouble(f"{name}: {line}")
    app.say(f"Written to {out}: report.html, report.eml, report.json, driftline.db")
    click.echo(outcome.line)
    context.exit(0 if not outcome.missed and not outcome.false else 1)


def play(out: Path, seed: int, *, api: "Api" = "auto") -> tuple[Outcome, str]:
    """Play the story of `seed` into `out`; (comparison with what was planted, text report).

    `api`: by which of their two the code hosts are read.
    """
    from connectors.simulator.build import build as build_world
    from connectors.simulator.clock import Clock as WorldClock
    from connectors.simulator.flow_truth import flow
    from connectors.simulator.outlook import branches, outlook, unnamed
    from connectors.simulator.server import Simulator
    from connectors.simulator.story import GAP, Story
    from connectors.simulator.story_code import CodeStory
    from sync.cli.demo_company import confirm, connections
    from sync.store.open import open_store

    out.mkdir(parents=True, exist_ok=True)
    for stale in out.glob("driftline.db*"):
        stale.unlink()
    world = build_world(seed, now=START)
    story = CodeStory(world, Story.plan(world, seed), seed)
    clock = WorldClock(START)
    store = open_store(str((out / "driftline.db").resolve()))
    try:
        with Simulator(world, clock) as simulator:
            told = connections(simulator, world, api)
            _read_and_judge(store, told, clock, story.judged)
            first, _ = flow(world, story.judged)
            confirm(store, story, clock)
            story.moves()
            clock.advance(GAP)
            simulator.script.faults.extend(story.faults)
            result = _read_and_judge(store, told, clock, story.judged)
        text = _write(out, store, result, clock)
    finally:
        store.close()
    must, may = outlook(world, story.judged)
    may += branches(world) + unnamed(world)
    dated = [one.subject for one in (*story.planted, *may) if one.detector == "plan.overdue"]
    still, perhaps = flow(world, story.judged, dated)
    # What stands still is told once it did so at two readings.
    must += [one for one in still if one in first]
    may += perhaps
    # What is overdue is no longer forecast.
    over = {one.subject for one in story.planted if one.detector == "plan.overdue"}
    must = [one for one in must if one.subject not in over]
    return compare([*story.planted, *must], result.findings, may), text


def _read_and_judge(
    store: "Store", told: "Iterable[ConnectionPlan]", clock: "WorldClock", judged: Iterable[str]
) -> "Reconciliation":
    from sync.cli.demo_company import plan
    from sync.cli.main import VERSION
    from sync.engine.run import sync
    from sync.reconcile.contract import Policy
    from sync.reconcile.runner import reconcile

    sync(store, plan(told, clock), clock=clock, sleep=clock.sleep)
    policy = Policy(program=PROGRAM, judge=tuple(judged), program_version=VERSION)
    return reconcile(store, policy, clock=clock)


def _write(out: Path, store: "Store", result: "Reconciliation", clock: "Clock") -> str:
    from sync.files import write
    from sync.report import outbox
    from sync.report.build import build
    from sync.report.mail import compose, eml
    from sync.report.rendering import render

    data = build(result, for_owner=True)
    outbox.store_report(store, data, now=clock.now())
    message = compose(
        data,
        sender="driftline@example.net",
        recipient="tpm@example.net",
        date=clock.now(),
        draft=True,
    )
    write(out / "report.html", render(data, "html").encode())
    write(out / "report.json", render(data, "json").encode())
    write(out / "report.eml", eml(message))
    return render(data, "text")


def compare(
    planted: "Iterable[Planted]", findings: "Iterable[Finding]", may: "Iterable[Planted]" = ()
) -> Outcome:
    """Planted trouble against open findings, by detector, rule and subject.

    `may`: what is neither missed nor false.
    """
    wanted = {_identity(one.detector, one.rule, one.subject) for one in planted}
    allowed = {_identity(one.detector, one.rule, one.subject) for one in may}
    # The story knows no connection names: streams are told apart by scope and name.
    found = {
        _identity(one.detector, one.rule, re.sub(r"^stream:[^/]+/", "stream:", one.subject))
        for one in findings
    }
    return Outcome(
        planted=len(wanted),
        found=len(wanted & found),
        missed=tuple(sorted(wanted - found)),
        false=tuple(sorted(found - wanted - allowed)),
    )


def _identity(detector: str, rule: str, subject: str) -> str:
    return " ".join(part for part in (detector, rule, subject) if part)
