"""A retrospective in words: promised, delivered, moved, forecast, waited, told, not known."""

from collections.abc import Iterator, Sequence

from sync.cli.forecast_text import date_moves
from sync.cli.scope_text import baseline, header, identity, is_bare, span
from sync.forecast.percent import about
from sync.forecast.store import Said
from sync.ledger.working_days import WorkCalendar
from sync.reconcile.ended import How
from sync.reconcile.retro import Origin, Retro
from sync.reconcile.stood import Stood
from sync.reconcile.words import about_percent, count, day, day_of, size

#: Forecasts and findings told line by line; the rest is counted.
LISTED = 12


def words(made: Retro, calendar: WorkCalendar) -> Iterator[str]:
    """All lines of one pack."""
    yield from header(made.facts, calendar, moves=False)
    known = f"by what was known on {day_of(made.known_at, calendar)}"
    if made.running:
        yield f"It runs: a retrospective so far, as of {day_of(made.as_of, calendar)}, {known}"
    elif made.ended is How.UNKNOWN:
        now = day_of(made.as_of, calendar)
        yield f"It is closed, since when is not known: as of {now}, {known}"
    else:
        end = f"{day_of(made.as_of, calendar)} ({made.ended.value})"
        yield f"Retrospective as of its end on {end}, {known}"
    yield ""
    yield from _promised(made, calendar)
    yield ""
    yield from _scope(made, calendar)
    yield ""
    yield from _forecasts(made.forecasts, made, calendar)
    yield ""
    yield from _waits(made)
    yield ""
    yield from _findings(made.findings, calendar)
    yield ""
    yield "Tested at the end" if not made.running else "Tested so far"
    yield f"  {made.tested.words if made.tested else 'Not known.'}"
    yield ""
    yield "Not known"
    for one in made.unknown:
        yield f"  {one}"
    if not made.unknown:
        yield "  Nothing that this pack asks for was missing."


def _promised(made: Retro, calendar: WorkCalendar) -> Iterator[str]:
    yield "Promised and done"
    for one in made.receipt.promises:
        when = (
            "first" if one.is_first else f"changed, {span(one.seen_after, one.seen_at, calendar)}"
        )
        yield f"  {day(one.due_date) if one.due_date else 'no date'} ({when})"
    if not made.receipt.promises:
        yield "  No date was ever seen."
    if made.receipt.dates is not None and made.receipt.dates.number:
        yield from date_moves(made.receipt.dates)
    if made.outcome is None:
        yield "  Not done yet." if made.running else "  When it was done is not known."
        return
    done = calendar.local_date(made.outcome.at)
    left = made.outcome.leftovers
    text = f"  {'Closed' if left else 'Done'} on {day(done)}"
    if left:
        text += f" with {count(left, 'item')} left open or moved out to close it"
    if made.receipt.dates is not None:
        late = calendar.between(made.receipt.dates.original, done)
        way = "after" if late > 0 else "before"
        days = count(abs(late), "working day")
        text += ", on the day first promised" if not late else f", {days} {way} the first promise"
    yield text


def _scope(made: Retro, calendar: WorkCalendar) -> Iterator[str]:
    story = made.story
    since = story.original or story.current
    yield "Said and done"
    if since is None or made.say_do is None:
        yield f"  Not told: {story.withheld or 'there is no baseline'}."
        return
    yield f"  Baseline: {baseline(since.baseline, calendar)}"
    say = made.say_do
    yield (
        f"  Of {count(say.planned, 'planned item')} {say.done} done, {say.open} open, "
        f"{say.left} left"
    )
    if say.done_by_due is not None:
        yield f"  {say.done_by_due} of them done by the date that the baseline had"
    if say.share is not None:
        yield f"  Delivered as planned by that date: {_share(say.share)} of the planned size"
    if say.done_beyond:
        yield f"  Beside the plan {count(say.done_beyond, 'item')} done that entered later"
    yield ""
    yield f"Scope since {day_of(since.baseline.at, calendar)}"
    for each in (story.leading(since), since.points if story.unit == "items" else since.items):
        if not is_bare(each.ledger):
            yield f"  {identity(each, 'planned')}"
    yield from _causes("Entered", made.entered)
    yield from _causes("Left", made.left)


def _share(share: float) -> str:
    return "none" if share < 0.025 else about_percent(share)


def _causes(what: str, found: Sequence[Origin]) -> Iterator[str]:
    for one in found:
        points = f", {size(one.points)} points" if one.points else ""
        yield f"  {what}: {count(round(one.items), 'item')}{points} {one.name}"


def _forecasts(said: Sequence[Said], made: Retro, calendar: WorkCalendar) -> Iterator[str]:
    yield "Forecast and what came"
    if not said:
        yield "  No forecast was stored."
        return
    shown = said if len(said) <= LISTED else (*said[: LISTED - 1], said[-1])
    for number, one in enumerate(shown):
        if len(said) > len(shown) and number == len(shown) - 1:
            yield f"  and {count(len(said) - len(shown), 'week')} in between"
        yield f"  {day(one.as_of)}: {_said(one, made, calendar)}"


def _said(one: Said, made: Retro, calendar: WorkCalendar) -> str:
    if one.abstained is not None:
        return one.abstained
    p50, p85 = (day(it) if it else "not within two years" for it in (one.p50, one.p85))
    text = f"half by {p50}, 85 % by {p85}"
    if one.due is not None and one.p_on_time is not None:
        text += f", promised {day(one.due)}: {about(one.p_on_time)}"
    if made.outcome is not None and one.p85 is not None:
        done = calendar.local_date(made.outcome.at)
        late = calendar.between(one.p85, done)
        if done <= one.p85:
            text += "; it came within the 85 %"
        else:
            text += f"; it came {count(late, 'working day')} after the 85 %"
    return text


def _waits(made: Retro) -> Iterator[str]:
    yield "Where work lay waiting (working days since the baseline)"
    for one in made.waits:
        delay = one.delay
        yield (
            f"  {delay.state}: {delay.days:.1f} days over {count(delay.items, 'item')}, half of "
            f"them up to {delay.p50:.1f}, 85 % up to {delay.p85:.1f}"
        )
        for each in one.longest:
            name = f"{each.key} {each.title}".strip() if each.key else "a restricted item"
            yield f"    {each.days:.1f}  {name}"
    if not made.waits:
        untold = made.waits_untold
        yield "  None was seen to wait." if untold is None else f"  Not told: {untold}."


def _findings(found: Sequence[Stood], calendar: WorkCalendar) -> Iterator[str]:
    yield "Findings, the first first"
    for one in found[:LISTED]:
        since = "there on" if one.was_there else "since"
        text = f"  {since} {day_of(one.first_at, calendar)}: {one.title or 'a restricted item'}"
        days = count(round(one.working_days), "working day")
        text += f" ({one.detector}, {one.severity}); stood {days}"
        text += ", resolved" if one.resolved_at else ", still there"
        if one.returns:
            text += f", came back {count(one.returns, 'time')}"
        yield text
    if len(found) > LISTED:
        yield f"  and {len(found) - LISTED} more"
    if not found:
        yield "  None is known."
