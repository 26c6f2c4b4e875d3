"""`driftline retro`: what a finished milestone teaches, in one pack."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sync.cli.app import App, json_option, pass_app
from sync.cli.instants import Clocks, clock_options, clocks

if TYPE_CHECKING:
    from sync.ledger.milestones import MilestoneFacts
    from sync.ledger.working_days import WorkCalendar
    from sync.reconcile.contract import Policy
    from sync.reconcile.retro import Retro
    from sync.store.open import Store


@click.command(epilog='Example: driftline retro "APO:Release 3.1" --out retro.txt')
@click.argument("milestone")
@clock_options
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@json_option
@pass_app
def retro(
    app: App,
    milestone: str,
    as_of: str | None,
    known_at: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Write the retrospective pack of MILESTONE (name or PROJECT:name).

    What was promised and delivered, how its dates moved, what was forecast and what came, what
    entered and left and why, where work lay waiting, which findings came first and how long they
    stood, what was tested at the end, and what was not known. A finished milestone is told as of
    its end; one that runs is told so far. A program milestone has a pack for each part.
    """
    from sync.cli import wiring
    from sync.cli.retro_text import words

    settings = app.settings(with_secrets=False)
    policy = wiring.policy(settings)
    at = clocks(app, settings, as_of, known_at)
    with closing(app.store(settings, read_only=True)) as store:
        made, calendar, program = _packs(store, policy, at, milestone)
    if as_json:
        from sync.cli.retro_facts import facts

        told: dict[str, Any]
        if program is None:
            kind, told = "retro", facts(made[0])
        else:
            kind, told = "retro-program", {"name": program, "packs": [facts(one) for one in made]}
        if out is None:
            app.print_json(kind, **told)
        else:
            _write(app, out, app.json_text(kind, **told))
        return
    lines: list[str] = []
    for one in made:
        lines += [""] if lines else []
        lines += words(one, calendar)
    if out is None:
        for line in lines:
            app.say(line)
    else:
        from sync.cli import shown

        _write(app, out, "\n".join(shown.line(line) for line in lines) + "\n")


def _packs(
    store: "Store", policy: "Policy", at: Clocks, milestone: str
) -> "tuple[list[Retro], WorkCalendar, str | None]":
    """A pack for each part of what is called so. Raises UsageError for nothing, or several."""
    from sync.ledger.baseline import the_one
    from sync.reconcile.ended import ended
    from sync.reconcile.receipt import receipt
    from sync.reconcile.retro import retro as make
    from sync.reconcile.view import View

    made = []
    with store.reading() as conn:
        view = View(conn, policy, at.as_of, at.known_at, present=at.present)
        program = view.program_called(milestone)
        parts: tuple[MilestoneFacts, ...] = (
            program.parts if program else (the_one(view.milestones, milestone),)
        )
        ends = ended(view, parts)
        for facts in parts:
            end = ends.get(facts.key)
            then = view
            if end is not None and end.at is not None and end.at < at.as_of:
                then = View(conn, policy, end.at, at.known_at, present=False)
            # What its dates and its state came to is that of the asked instant.
            made.append(make(then, facts, receipt(view, facts), end=end, until=at.as_of))
    return made, view.calendar, None if program is None else program.name


def _write(app: App, out: Path, text: str) -> None:
    from sync.files import write

    write(out, text.encode())
    app.note(f"Written: {out}")
