"""`driftline receipt`: every date that was promised for a milestone, on one page."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from sync.cli.app import App, json_option, pass_app
from sync.cli.instants import clock_options, clocks
from sync.cli.scope import baseline_facts, ledger_facts

if TYPE_CHECKING:
    from sync.forecast.store import Said
    from sync.ledger.agreements import Agreement
    from sync.ledger.working_days import WorkCalendar
    from sync.reconcile.receipt import Between, Promise, Receipt


@click.command(epilog='Example: driftline receipt "APO:Release 3.2"')
@click.argument("milestone")
@clock_options
@json_option
@pass_app
def receipt(
    app: App, milestone: str, as_of: str | None, known_at: str | None, as_json: bool
) -> None:
    """Show every date promised for MILESTONE, when it moved, and what its scope did meanwhile.

    With its baselines and re-plans, their reasons, and what was agreed to. Who moved a date stands
    there where the source tells. Beside each date stands what driftline forecast at that time, and
    what came of it. A program milestone has one for each part.
    """
    from sync.cli import wiring
    from sync.ledger.baseline import the_one
    from sync.reconcile.receipt import receipt as make
    from sync.reconcile.view import View

    settings = app.settings(with_secrets=False)
    policy = wiring.policy(settings)
    at = clocks(app, settings, as_of, known_at)
    store = app.store(settings, read_only=True)
    try:
        with store.reading() as conn:
            view = View(conn, policy, at.as_of, at.known_at, present=at.present)
            program = view.program_called(milestone)
            parts = program.parts if program else (the_one(view.milestones, milestone),)
            made = [make(view, one) for one in parts]
            calendar = view.calendar
    finally:
        store.close()
    if as_json and program is not None:
        receipts = [_facts(one) for one in made]
        app.print_json("receipt-program", name=program.name, receipts=receipts)
    elif as_json:
        app.print_json("receipt", **_facts(made[0]))
    else:
        for number, one in enumerate(made):
            if number:
                app.say()
            for line in _words(one, calendar):
                app.say(line)


def _words(made: "Receipt", calendar: "WorkCalendar") -> Iterator[str]:
    from sync.cli.forecast_text import date_moves
    from sync.cli.scope_text import baseline, header, span
    from sync.reconcile.words import day_of

    yield from header(made.facts, calendar, moves=False)
    yield f"Receipt of {day_of(made.as_of, calendar)}, by what was known on " + day_of(
        made.known_at, calendar
    )
    yield ""
    yield "Promised dates"
    for one in made.promises:
        yield f"  {_promise(one, calendar)}"
        if one.scope is not None:
            yield f"    {_scope(one.scope, calendar)}"
        if one.total:
            yield f"    At the end of that day {one.done} of {one.total} items were done."
        yield from _said(made.forecasts_of(one))
    if not made.promises:
        yield "  None was ever seen."
    elif len(made.promises) > 1:
        yield "  Who moved a date, and at what hour, its source does not tell."
    if made.dates is not None and made.dates.number:
        yield from date_moves(made.dates)
    if made.withheld is not None:
        yield f"  What the scope did is not told: {made.withheld}."
    yield ""
    yield "Baselines"
    for number, plan in enumerate(made.baselines, 1):
        yield f"  {number}: {baseline(plan, calendar)}"
    if not made.baselines:
        yield "  None yet."
    if made.agreements:
        yield ""
        yield "Agreed to"
    for told in made.agreements:
        name = f"label {told.subject}"
        if told.subject_kind.value == "work_item":
            name = made.keys.get(told.subject) or "a restricted item"
        text = f"  {name}, by {told.agreed_by} on {day_of(told.agreed_at, calendar)}"
        if told.withdrawn_at is not None:
            text += f", withdrawn on {day_of(told.withdrawn_at, calendar)}"
        if not _is_hidden(told, made):
            text += f": {told.reason}" + (f" {told.link}" if told.link else "")
        yield text
    if made.states:
        yield ""
        yield "State"
    for state in made.states:
        yield f"  {state.state}, {span(state.seen_after, state.seen_at, calendar)}"
    if made.facts.finished_at is not None:
        yield f"  finished on {day_of(made.facts.finished_at, calendar)}, as the source tells"
    if not made.forecasts:
        yield ""
        yield "No forecast was stored for it; `driftline forecast` makes one now."


def _said(forecasts: "Sequence[Said]") -> Iterator[str]:
    """The first and the last forecast of a promise; those between are counted."""
    shown = forecasts if len(forecasts) < 3 else (forecasts[0], forecasts[-1])
    for number, one in enumerate(shown):
        if number and len(forecasts) > len(shown):
            yield f"    and {len(forecasts) - len(shown)} forecasts in between"
        yield f"    {_forecast(one)}"


def _forecast(one: "Said") -> str:
    from sync.forecast.percent import about
    from sync.reconcile.words import day

    text = f"forecast of {day(one.as_of)}: "
    if one.abstained is not None:
        text += one.abstained
    else:
        p50, p85 = (day(it) if it else "not within two years" for it in (one.p50, one.p85))
        text += f"P50 {p50}, P85 {p85}"
        if one.p_on_time is not None:
            text += f", on time: {about(one.p_on_time)}"
    if one.on_time is not None:
        text += "; it was on time" if one.on_time else "; it was late"
    return text


def _is_hidden(told: "Agreement", made: "Receipt") -> bool:
    """Whether it speaks of an item that readers may not see."""
    return told.subject_kind.value == "work_item" and made.keys.get(told.subject) is None


def _promise(one: "Promise", calendar: "WorkCalendar") -> str:
    from sync.cli.scope_text import span
    from sync.reconcile.words import day, day_of

    if one.is_first:
        since = f"there when first read on {day_of(one.seen_at, calendar)}"
    else:
        comma = "," if one.seen_after is None else ""
        since = f"changed{comma} {span(one.seen_after, one.seen_at, calendar)}"
    return f"{day(one.due_date) if one.due_date else 'no date'}, {since}"


def _scope(one: "Between", calendar: "WorkCalendar") -> str:
    from sync.cli.scope_text import change, is_bare
    from sync.reconcile.words import day_of

    units = [one.items] if is_bare(one.points) else [one.items, one.points]
    told = "; ".join(change(each) for each in units)
    return f"{day_of(one.since, calendar)} to {day_of(one.until, calendar)}: {told}"


# --- as JSON ----------------------------------------------------------------------------------


def _facts(made: "Receipt") -> dict[str, Any]:
    return {
        "milestone": made.facts.line,
        "connection": made.facts.connection,
        "kind_of_milestone": made.facts.kind.value,
        "state": made.facts.state.value,
        "due_date": made.facts.due_date,
        "finished_at": made.facts.finished_at,
        "url": made.facts.url,
        "as_of": made.as_of,
        "known_at": made.known_at,
        "withheld": made.withheld,
        "promises": [_promise_facts(one) for one in made.promises],
        "states": [
            {"state": one.state, "seen_after": one.seen_after, "seen_at": one.seen_at}
            for one in made.states
        ],
        "baselines": [
            {"number": number, **baseline_facts(one)}
            for number, one in enumerate(made.baselines, 1)
        ],
        "agreements": [
            {
                "subject_kind": one.subject_kind.value,
                "subject": made.keys.get(one.subject)
                if one.subject_kind.value == "work_item"
                else one.subject,
                "agreed_at": one.agreed_at,
                "agreed_by": one.agreed_by,
                "reason": None if _is_hidden(one, made) else one.reason,
                "link": None if _is_hidden(one, made) else one.link,
                "recorded_at": one.recorded_at,
                "withdrawn_at": one.withdrawn_at,
            }
            for one in made.agreements
        ],
        "date_history": None
        if made.dates is None
        else {
            "original": made.dates.original,
            "current": made.dates.current,
            "moves": made.dates.number,
            "slip_working_days": made.dates.slip,
            "slip_rate": made.dates.rate,
            "last_minute": [made.dates.last_minute, made.dates.last_minute_at_most],
            "after_it_passed": [made.dates.after_it_passed, made.dates.after_it_passed_at_most],
        },
        "forecasts": [_forecast_facts(one) for one in made.forecasts],
    }


def _forecast_facts(one: "Said") -> dict[str, Any]:
    from sync.forecast.percent import steps_of_five

    return {
        "as_of": one.as_of,
        "made_at": one.known_from,
        "due_date": one.due,
        "open_items": one.open_items,
        "abstained": one.abstained,
        "p50": one.p50,
        "p70": one.p70,
        "p85": one.p85,
        "percent_on_time": None if one.p_on_time is None else steps_of_five(one.p_on_time),
        "done_at": one.done_at,
        "on_time": one.on_time,
    }


def _promise_facts(one: "Promise") -> dict[str, Any]:
    return {
        "due_date": one.due_date,
        "is_first": one.is_first,
        "seen_after": one.seen_after,
        "seen_at": one.seen_at,
        "moved_by": None,
        "items_done": one.done,
        "items_total": one.total,
        "scope": None
        if one.scope is None
        else {
            "since": one.scope.since,
            "until": one.scope.until,
            "items": ledger_facts(one.scope.items),
            "points": ledger_facts(one.scope.points),
        },
    }
