"""Forecasts in words: what is promised, what is expected, why, and what would help."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sync.cli.scope_text import header
from sync.cli.what_if import WhatIf
from sync.forecast.dates import DateHistory
from sync.forecast.explain import LIKELY, Otherwise
from sync.forecast.model import Forecast
from sync.forecast.percent import about
from sync.forecast.store import Proof
from sync.reconcile.droppable import RULE
from sync.reconcile.forecasts import MilestoneForecast, moved_dates
from sync.reconcile.levers import Levers, levers
from sync.reconcile.words import count, day, verb

if TYPE_CHECKING:
    from sync.reconcile.view import View

NEVER = "not within two years"
#: Items named one by one.
_NAMED = 12


def table(found: Sequence[MilestoneForecast], view: "View", proven: Proof) -> Iterator[str]:
    """A line for each judged milestone: promised date with its moves, forecast, probability."""
    if not found:
        yield "No judged milestone is open: name one, or add it under [milestones]."
        return
    yield _capital(proven.words) + "."
    yield ""
    for one in found:
        yield f"{one.name}: promised {_promised(one, moved_dates(view, one))}"
        if one.silent is not None:
            yield f"  {_silent(one)}"
            yield from _facts_instead(one)
            continue
        yield f"  P50 {_day(one.made, 0.50)}, P85 {_day(one.made, 0.85)}; {_on_time(one.made)}"


def one_milestone(
    view: "View",
    one: MilestoneForecast,
    proven: Proof,
    question: WhatIf,
    answer: MilestoneForecast | None,
) -> Iterator[str]:
    """Everything about one of them."""
    if one.facts is not None:
        yield from header(one.facts, view.calendar, moves=False)
    else:
        due = f", due {day(one.due)}" if one.due else ", no due date"
        yield f"{one.name} (program milestone of {count(len(one.parts), 'part')}{due})"
    moved = moved_dates(view, one)
    yield f"Promised: {_promised(one, moved)}"
    if moved is not None and moved.number:
        yield from date_moves(moved)
    yield f"Forecast of {day(one.inputs.as_of)} ({proven.words}):"
    if one.silent is not None:
        yield f"  {_silent(one)}"
        yield from _facts_instead(one)
    else:
        yield from _said(one)
    for note in one.notes:
        yield f"  {note}"
    for part in one.parts:
        told = _silent(part) if part.silent else f"P85 {_day(part.made, 0.85)}"
        yield f"  {part.name}: {told}"
    if answer is not None:
        yield ""
        yield f"What if {_question(question)}:"
        yield from _said(answer) if answer.silent is None else [f"  {_silent(answer)}"]
        return
    told_levers = levers(view, one)
    if told_levers is not None:
        yield ""
        yield from _why(one, told_levers)


def _said(one: MilestoneForecast) -> Iterator[str]:
    made = one.made
    if one.inputs.open_items == 0 and not one.parts:
        chance = "" if made.due is None else f"; {_on_time(made)} ({day(made.due)})"
        yield f"  nothing is open: done, if it stays so for a week{chance}"
        return
    yield f"  half of the runs are done by {_day(made, 0.50)}, 70 % by {_day(made, 0.70)}, " + (
        f"85 % by {_day(made, 0.85)}"
    )
    if made.due is not None:
        yield f"  {_on_time(made)} ({day(made.due)})"
    yield from _facts_instead(one)


def _facts_instead(one: MilestoneForecast) -> Iterator[str]:
    """What can be said without a model; nothing of what was not read."""
    if one.not_checked is not None:
        return
    inputs, need = one.inputs, one.need
    yield f"  {count(inputs.open_items, 'open item')}, {sum(inputs.weekly_done):.0f} done " + (
        f"in {count(len(inputs.weekly_done), 'week')}"
    )
    if need is None or inputs.due is None:
        return
    left = inputs.calendar.between(inputs.as_of, inputs.due)
    if need.required is None:
        late = -left
        yield (
            f"  its date passed {count(late, 'working day')} ago"
            if late
            else ("  its date is today")
        )
        return
    best = "" if need.best is None else f"; the best weeks did {need.best:.1f}"
    days = count(left, "working day")
    yield f"  {days} left: {need.required:.1f} items a working week are needed{best}"
    if need.is_out_of_reach:
        yield "  That is more than the best weeks ever did: out of reach as it stands."


def _why(one: MilestoneForecast, told: Levers) -> Iterator[str]:
    why = told.explained
    if one.inputs.open_items == 0:
        return
    growth = one.made.growth or 0.0
    yield f"Pace: {why.rate:.1f} items a working week, and {growth:.1f} new ones for each done"
    yield from _other("if nothing more arrived", why.without_growth)
    yield from _other("if it waited for nobody", why.without_waiting)
    if why.earlier_rate is not None:
        yield from _other(
            f"at the earlier pace of {why.earlier_rate:.1f} items a week", why.at_earlier_rate
        )
    if one.due is None:
        return
    if told.keep:
        number = len(told.keep)
        of = one.inputs.open_items
        yield f"Safely done (85 %) by {day(one.due)}: {number} of {count(of, 'open item')}"
        yield from _items(told.keep, "by what was planned, priority, entry and size")
    elif one.fixed_date:
        yield f"Safely done (85 %) by {day(one.due)}: none of the open items"
    if why.to_drop == 0:
        yield "The date is likely already: nothing has to be left out."
    elif why.to_drop is None:
        yield "No single open item makes the date likely: leaving items out does not help."
    elif not one.fixed_date:
        fewer = count(why.to_drop, "item")
        yield f"To make the date likely ({LIKELY * 100:.0f} %), leave out {fewer}, for example:"
        yield from _items(told.drop, RULE)
    if why.safe_date is not None and why.safe_date > one.due:
        yield f"The date that holds at 85 %: {day(why.safe_date)}"


def _items(names: Sequence[str], rule: str) -> Iterator[str]:
    for name in names[:_NAMED]:
        yield f"  {name}"
    if len(names) > _NAMED:
        yield f"  and {len(names) - _NAMED} more"
    yield f"  (order: {rule})"


def _other(question: str, answer: Otherwise | None) -> Iterator[str]:
    if answer is None:
        return
    date_ = day(answer.p85) if answer.p85 else NEVER
    chance = "" if answer.p_on_time is None else f", {about(answer.p_on_time)} on time"
    yield f"  {question}: 85 % by {date_}{chance}"


def _promised(one: MilestoneForecast, moved: DateHistory | None) -> str:
    if one.due is None:
        return "no date"
    text = day(one.due)
    if moved is not None and moved.number:
        times = "once" if moved.number == 1 else f"{moved.number} times"
        text += f", moved {times} (first {day(moved.original)})"
    return text


def date_moves(moved: DateHistory) -> Iterator[str]:
    """How far it moved, and how late."""
    if moved.slip is not None:
        way = "later" if moved.slip >= 0 else "earlier"
        text = f"  {count(abs(moved.slip), 'working day')} {way} than first promised"
        if moved.rate is not None and moved.slip > 0:
            text += f"; slip rate {moved.rate:.1f} (at 1 the date recedes as fast as time passes)"
        yield text
    for certain, most, what in (
        (moved.last_minute, moved.last_minute_at_most, "in the last tenth of the time to it"),
        (moved.after_it_passed, moved.after_it_passed_at_most, "after it had passed"),
    ):
        if most:
            number = f"{most}" if certain == most else f"{certain} to {most}"
            yield f"  {number} of the moves {verb(most, 'was', 'were')} {what}"


def _silent(one: MilestoneForecast) -> str:
    if one.not_checked is not None:
        return f"not checked: {one.not_checked}"
    return f"no forecast: {one.made.abstained}"


def _on_time(made: Forecast) -> str:
    if made.p_on_time is None:
        return "no date is promised"
    return f"on time: {about(made.p_on_time)}"


def _day(made: Forecast, level: float) -> str:
    found = made.date_at(level)
    return NEVER if found is None else day(found)


def _question(question: WhatIf) -> str:
    parts = []
    if question.drop:
        parts.append(f"{', '.join(question.drop)} {'is' if len(question.drop) == 1 else 'are'} out")
    if question.due is not None:
        parts.append(f"it is due {day(question.due)}")
    if question.rate is not None:
        parts.append(f"the pace is {question.rate:+g} %")
    return " and ".join(parts) or "nothing changes"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
