"""Milestones and program milestones in words, and as JSON."""

from collections.abc import Iterator
from typing import Any

from sync.ledger.milestones import MilestoneFacts
from sync.reconcile.combined import ProgramPlan, sums
from sync.reconcile.program import part_name
from sync.reconcile.view import View
from sync.report.wording import number, signed


def program_lines(made: ProgramPlan, view: View) -> Iterator[str]:
    """A program milestone in words: its parts, and its scope over all of them."""
    program = made.program
    due = f", due {made.due_date.isoformat()}" if made.due_date else ""
    place = ", in the configuration" if program.configured else ""
    yield f"{program.name}: {len(program.parts)} parts ({made.state.value}{due}{place})"
    if program.overruled:
        yield "    what was linked by a command under this name does not count"
    done = sum(1 for one in made.leaves.values() if one.done)
    yield f"    together {number(done)} of {number(len(made.leaves))} items done, each counted once"
    ledger = made.ledger
    if made.withheld is not None:
        yield f"    change withheld: {made.withheld}"
    elif ledger is not None:
        told = sums(view, made)
        net = signed(ledger.current - ledger.baseline)
        start = "the baselines" if made.accepted else "observed"
        yield (
            f"    change since {start}: {net} {ledger.unit.value} "
            f"(entered {number(told.added)}, left {number(told.removed)})"
        )
    for part in program.parts:
        yield f"    {milestone_line(part)}"
    for text in program.unknown:
        yield f"    {text}: not known"
    if program.missing:
        yield f"    and {len(program.missing)} that are not there any more"


def program_facts(made: ProgramPlan, view: View) -> dict[str, Any]:
    """The same as JSON."""
    program, ledger = made.program, made.ledger
    told = sums(view, made) if ledger is not None and made.withheld is None else None
    return {
        "name": program.name,
        "state": made.state.value,
        "due_date": made.due_date,
        "configured": program.configured,
        "parts": [milestone_facts(part) for part in program.parts],
        "missing_parts": len(program.missing),
        "unknown_parts": list(program.unknown),
        "done_items": sum(1 for one in made.leaves.values() if one.done),
        "total_items": len(made.leaves),
        "withheld": made.withheld,
        "baselines_accepted": made.accepted,
        "scope": None
        if told is None or ledger is None
        else {
            "unit": ledger.unit.value,
            "baseline": ledger.baseline,
            "added": told.added,
            "removed": told.removed,
            "reestimated": told.reestimated,
            "late_sized": told.late_sized,
            "current": ledger.current,
        },
    }


def milestone_line(one: MilestoneFacts) -> str:
    """A milestone in one line."""
    due = f", due {one.due_date.isoformat()}" if one.due_date else ""
    return f"{part_name(one)} ({one.kind.value}, {one.state.value}{due})"


def milestone_facts(one: MilestoneFacts) -> dict[str, Any]:
    """A milestone as JSON."""
    return {
        "part": part_name(one),
        "connection": one.connection,
        "project": one.project_key,
        "kind": one.kind.value,
        "name": one.name,
        "state": one.state.value,
        "start_date": one.start_date,
        "due_date": one.due_date,
        "url": one.url,
    }
