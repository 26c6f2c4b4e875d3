"""`driftline forecast`: when a milestone will be done, how sure that is, and what would help."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from sync.cli.app import App, json_option, pass_app
from sync.cli.instants import clock_options, clocks

if TYPE_CHECKING:
    from sync.cli.what_if import WhatIf
    from sync.reconcile.forecasts import MilestoneForecast
    from sync.reconcile.view import View


@click.command(
    epilog='Example: driftline forecast "APO:Release 3.2" --what-if drop=APO-110,APO-115 rate=+10%'
)
@click.argument("words", nargs=-1, metavar="[MILESTONE]")
@clock_options
@click.option(
    "--what-if",
    "questions",
    multiple=True,
    metavar="QUESTION",
    help="drop=KEY,KEY due=DATE rate=+10%: one or more of them, for one milestone.",
)
@json_option
@pass_app
def forecast(
    app: App,
    words: tuple[str, ...],
    as_of: str | None,
    known_at: str | None,
    questions: tuple[str, ...],
    as_json: bool,
) -> None:
    """Tell when MILESTONE (name or PROJECT:name) will be done; without one, all judged ones.

    Promised date, the days by which 50, 70 and 85 % of the simulated runs are done, and how
    probable the promised date is, in steps of five. Of one milestone also why, and what would
    help: items to leave out, and the date that holds. Unproven, until scored forecasts were better
    than simple ones. Nothing is stored by asking.
    """
    from sync.cli import what_if, wiring
    from sync.cli.forecast_text import one_milestone, table
    from sync.errors import UsageError
    from sync.forecast.store import proof
    from sync.reconcile.forecasts import forecasts
    from sync.reconcile.view import View

    name, asked = _split(words, questions)
    question = what_if.read(asked)
    if asked and name is None:
        raise UsageError(
            "asks about one milestone", where="--what-if", todo="Name the milestone first."
        )
    settings = app.settings(with_secrets=False)
    policy = wiring.policy(settings)
    at = clocks(app, settings, as_of, known_at)
    store = app.store(settings, read_only=True)
    try:
        with store.reading() as conn:
            view = View(conn, policy, at.as_of, at.known_at, present=at.present)
            proven = proof(conn, at.known_at)
            if name is None:
                found = list(forecasts(view).values())
                facts = [_facts(one, view) for one in found]
                told = list(table(found, view, proven))
            else:
                one = _one(view, name)
                answer = _answer(view, one, question) if asked else None
                facts = [_facts(one, view, answer, whole=True)]
                told = list(one_milestone(view, one, proven, question, answer))
    finally:
        store.close()
    if as_json:
        app.print_json(
            "forecast",
            as_of=at.as_of,
            known_at=at.known_at,
            dates_proven=proven.dates,
            probability_proven=proven.probability,
            proof=proven.words,
            forecasts=facts,
        )
        return
    for line in told:
        app.say(line)


def _split(words: Sequence[str], questions: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """The milestone, and the questions: words after the first one belong to `--what-if`."""
    from sync.errors import UsageError

    if not questions and len(words) > 1:
        raise UsageError(
            f"{words[1]!r} is one word too many",
            todo='Quote a name with spaces: driftline forecast "Release 3.2".',
        )
    name = words[0] if words else None
    if (
        questions
        and name is not None
        and "=" in name
        and name.startswith(("drop=", "due=", "rate="))
    ):
        return None, (*questions, *words)
    return name, (*questions, *words[1:])


def _one(view: "View", name: str) -> "MilestoneForecast":
    """The forecast of what is called so. Raises UsageError for no such one, and for several."""
    from sync.errors import UsageError
    from sync.ledger.baseline import the_one
    from sync.reconcile.combined import plan
    from sync.reconcile.forecasts import of_milestones, of_program

    program = view.program_called(name)
    if program is not None:
        return of_program(view, plan(view, program), {})
    facts = the_one(view.milestones, name)
    if not facts.state.is_open:
        raise UsageError(
            f"{facts.line} is {facts.state.value}: nothing is left to forecast",
            todo=f'`driftline receipt "{facts.line}"` tells what was promised and forecast.',
        )
    return of_milestones(view, [facts])[facts.key]


def _answer(view: "View", one: "MilestoneForecast", question: "WhatIf") -> "MilestoneForecast":
    """The same milestone, were it otherwise."""
    from sync.cli.what_if import OPTION, dropped
    from sync.errors import UsageError
    from sync.reconcile.forecasts import otherwise

    if one.facts is None:
        raise UsageError(
            f"{one.name} is a program milestone", where=OPTION, todo="Ask about one of its parts."
        )
    (plan,) = view.plans([one.facts])
    number = len(dropped(plan, one.name, question.drop))
    if question.due is not None and question.due < one.inputs.as_of:
        raise UsageError(
            f"{question.due} is over", where=f"{OPTION} due=", todo="Name a day to come."
        )
    return otherwise(one, drop=number, due=question.due, pace=1 + (question.rate or 0.0) / 100)


def _facts(
    one: "MilestoneForecast",
    view: "View",
    answer: "MilestoneForecast | None" = None,
    *,
    whole: bool = False,
) -> dict[str, Any]:
    """A forecast as JSON; probabilities in steps of five percent."""
    from sync.forecast.percent import steps_of_five
    from sync.reconcile.forecasts import moved_dates
    from sync.reconcile.levers import levers

    need, made = one.need, one.made
    found: dict[str, Any] = {
        "milestone": one.name,
        "kind_of_milestone": one.key[1].value,
        "connection": one.facts.connection if one.facts else None,
        "due_date": one.due,
        "fixed_date": one.fixed_date,
        "not_checked": one.not_checked,
        "abstained": made.abstained,
        "converges": made.converges,
        "p50": made.p50,
        "p70": made.p70,
        "p85": made.p85,
        "percent_on_time": None if made.p_on_time is None else steps_of_five(made.p_on_time),
        "open_items": one.inputs.open_items,
        "baseline_items": one.inputs.baseline_items,
        "unsure_items": one.inputs.unsure_items,
        "waits_for": [blocker.key for blocker in one.inputs.blockers],
        "required_per_week": None if need is None else need.required,
        "best_week": None if need is None else need.best,
        "out_of_reach": need is not None and need.is_out_of_reach,
        "notes": list(one.notes),
        "recalibrated": one.made.learned,
        "date_history": None,
        "explained": None,
        "what_if": None if answer is None else _facts(answer, view),
    }
    moved = moved_dates(view, one)
    if moved is not None:
        found["date_history"] = {
            "original": moved.original,
            "current": moved.current,
            "moves": moved.number,
            "slip_working_days": moved.slip,
            "slip_rate": moved.rate,
            "last_minute": [moved.last_minute, moved.last_minute_at_most],
            "after_it_passed": [moved.after_it_passed, moved.after_it_passed_at_most],
        }
    told = levers(view, one) if whole else None
    if told is not None:
        why = told.explained
        found["explained"] = {
            "items_per_week": why.rate,
            "earlier_items_per_week": why.earlier_rate,
            **{
                name: None
                if other is None
                else {
                    "p50": other.p50,
                    "p85": other.p85,
                    "percent_on_time": None
                    if other.p_on_time is None
                    else steps_of_five(other.p_on_time),
                }
                for name, other in (
                    ("without_growth", why.without_growth),
                    ("without_waiting", why.without_waiting),
                    ("at_earlier_rate", why.at_earlier_rate),
                )
            },
            "items_to_drop": why.to_drop,
            "drop_first": list(told.drop),
            "items_that_fit": why.fit,
            "keep": list(told.keep),
            "safe_date": why.safe_date,
        }
    return found
