"""A milestone's scope in words: sums first, then every line with its cause and its link."""

from collections.abc import Iterator
from datetime import datetime

from sync.ledger.baseline import Baseline
from sync.ledger.ledger import EPSILON, REMAINING_WORK, Ledger, Unit
from sync.ledger.milestones import MilestoneFacts, due_moves
from sync.ledger.working_days import WorkCalendar
from sync.reconcile.story import ScopeLine, ScopeStory, Since, Sum
from sync.reconcile.words import about_percent, count, day, day_of, size

_RULES = {
    "explicit": "set by a person",
    "activation": "when the sprint was started",
    "start_date": "its start date",
    "inferred": "inferred: the first time it held three items",
    "observed": "when it was first seen",
}
_REASONS = {
    "entered": "entered",
    "revived": "was taken up again",
    "reopened": "was reopened",
    "left": "left",
    "cancelled": "was cancelled",
    "split": "was split",
    "sized": "got its first estimate",
    "re-sized": "was re-sized",
    REMAINING_WORK: "was lowered to what was left",
}


def words(story: ScopeStory, calendar: WorkCalendar, *, asked: bool) -> Iterator[str]:
    """All lines of the answer; `asked`: another instant than the present was asked for."""
    yield from header(story.facts, calendar, moves=True)
    if asked:
        yield (
            f"As of {_minute(story.as_of, calendar)}, by what was known at "
            f"{_minute(story.known_at, calendar)}"
        )
    if story.current is not None:
        yield f"Baseline: {baseline(story.current.baseline, calendar)}"
    if story.original is not None:
        yield f"Original: {baseline(story.original.baseline, calendar)}"
    yield from _doubts(story, calendar)
    if story.current is None:
        return
    if story.withheld is None:
        yield ""
        begin = story.since or story.current.baseline.at
        yield from _sums(story, story.current, f"Since {day_of(begin, calendar)}")
        if story.original is not None:
            begin = story.original.baseline.at
            told = f"Since the original, {day_of(begin, calendar)}"
            yield from _sums(story, story.original, told)
    yield ""
    yield from _lines(story, calendar)


def header(facts: MilestoneFacts, calendar: WorkCalendar, *, moves: bool) -> Iterator[str]:
    """What it is and what is promised; with `moves` also how that date moved."""
    due = f", due {day(facts.due_date)}" if facts.due_date else ", no due date"
    yield f"{facts.line} ({facts.kind.value} at {facts.connection}, {facts.state.value}{due})"
    if facts.url:
        yield f"  {facts.url}"
    for move in due_moves(facts) if moves else ():
        when = span(move.observed_after, move.observed_at, calendar)
        yield f"  Its date moved from {day(move.old)} to {day(move.new)}, {when}"


def span(after: datetime | None, until: datetime, calendar: WorkCalendar) -> str:
    """Between which readings something changed: the source does not tell when."""
    last = day_of(until, calendar)
    if after is None:
        return f"seen on {last}"
    first = day_of(after, calendar)
    return f"on {last}" if first == last else f"between {first} and {last}"


def baseline(one: Baseline, calendar: WorkCalendar) -> str:
    """When, by which rule, who agreed, and why."""
    text = f"{day_of(one.at, calendar)} ({_RULES[one.rule.value]})"
    if one.accepted:
        by = f" by {one.author}" if one.author else ""
        text += f", agreed to{by} on {day_of(one.created_at, calendar)}"
    else:
        text += ", nobody has agreed to it yet"
    if one.due_date:
        text += f", for {day(one.due_date)}"
    if one.is_partial:
        text += ", partial"
    return f"{text}: {one.reason}" if one.reason else text


def _doubts(story: ScopeStory, calendar: WorkCalendar) -> Iterator[str]:
    if story.withheld is not None:
        yield f"No sums are told: {story.withheld}."
    for gap in story.gaps:
        if gap not in (story.withheld or ""):
            yield f"Not known: {gap}."
    yield from story.notes
    if story.changes:
        yield (
            f"{count(story.changes, 'pull or merge request')} in it without an item of it: "
            "the sums count items only."
        )
    for edit in story.mass:
        yield (
            f"{count(len(edit.items), 'item')} changed in one go ({edit.field}) on "
            f"{day_of(edit.first_at, calendar)}: shares are held until somebody says that this was "
            f"meant."
        )


def _sums(story: ScopeStory, one: Since, title: str) -> Iterator[str]:
    share = story.share(one) if story.since is None else None
    if share is None:
        told = "" if one.baseline.accepted else ", a change since observed and no judgement"
    elif abs(share) <= EPSILON:
        told = ", no net change"
    else:
        told = f", {'grew' if share > 0 else 'shrank'} by {about_percent(share)}"
    yield f"{title}{told}:"
    units = (one.items, one.points) if story.unit is Unit.ITEMS else (one.points, one.items)
    for each in units:
        if each.ledger.unit is Unit.POINTS and is_bare(each.ledger):
            continue
        yield f"  {identity(each, 'planned' if story.since is None else 'in it then')}"
    missing = one.points.measures.unestimated
    if missing:
        yield f"  {count(missing, 'item')} not estimated"
    growth = one.items.growth
    if growth.agreed or growth.unagreed:
        yield (
            f"  Of what entered, {count(round(growth.agreed), 'item')} agreed to, "
            f"{count(round(growth.unagreed), 'item')} not"
        )


def identity(one: Sum, begin: str) -> str:
    """W0 + A - R + E + L = W; `begin` says what W0 is."""
    return _identity(one.ledger, begin)


def is_bare(ledger: Ledger) -> bool:
    """Whether there never was anything in its unit: nobody estimates in points here."""
    return not ledger.lines and ledger.baseline <= EPSILON and ledger.current <= EPSILON


def change(ledger: Ledger) -> str:
    """The same for a part of its time, in few words; what did not change is not spelt out."""
    if not ledger.lines:
        return f"{_amount(ledger.current, ledger.unit)}, unchanged"
    return _identity(ledger, "before")


def _identity(ledger: Ledger, begin: str) -> str:
    text = f"{_amount(ledger.baseline, ledger.unit)} {begin}"
    for amount, name in (
        (ledger.added, "entered"),
        (-ledger.removed, "left"),
        (ledger.reestimated, "re-sized"),
        (ledger.late_sized, "first estimated"),
    ):
        if abs(amount) > EPSILON or name in ("entered", "left"):
            text += f" {'-' if amount < 0 or name == 'left' else '+'} {size(abs(amount))} {name}"
    return f"{text} = {_amount(ledger.current, ledger.unit)}"


def _lines(story: ScopeStory, calendar: WorkCalendar) -> Iterator[str]:
    if not story.lines and not story.transient_hidden:
        quiet = story.withheld is None and not story.gaps
        yield "Nothing entered, left or was re-sized." if quiet else "No change is known."
    for one in story.lines:
        yield line(one, calendar)
        if one.url is not None:
            yield f"    {one.url}"
    if story.transient_hidden:
        yield (
            f"{count(story.transient_hidden, 'item')} entered and left again; "
            "that is churn, and not listed."
        )


def line(one: ScopeLine, calendar: WorkCalendar) -> str:
    """One change: when, how much, what, why, who, and who agreed."""
    item = "a restricted item" if one.restricted else f"{one.key} {one.title}".strip()
    text = f"{_minute(one.at, calendar)}  {_sizes(one)}  {item}: {_why(one)}"
    if one.actor:
        text += f", by {one.actor}"
    if one.known_from is not None and calendar.local_date(one.known_from) > calendar.local_date(
        one.at
    ):
        text += f", known since {day_of(one.known_from, calendar)}"
    if one.agreed is not None:
        label = f" by the label {one.agreed.label}" if one.agreed.label else ""
        link = f" {one.agreed.link}" if one.agreed.link else ""
        text += f"; agreed to{label} by {one.agreed.by}: {one.agreed.reason}{link}"
    return text


def _minute(at: datetime, calendar: WorkCalendar) -> str:
    return f"{day_of(at, calendar)} {at.astimezone(calendar.zone):%H:%M}"


def _why(one: ScopeLine) -> str:
    reason = _REASONS.get(one.reason)
    if reason is None:
        reason = f"left ({one.reason.replace('_', ' ')})"
    return f"{reason} ({one.origin})" if one.origin else reason


def _sizes(one: ScopeLine) -> str:
    parts = []
    if abs(one.items) > EPSILON:
        parts.append(f"{_sign(one.items)}{_amount(abs(one.items), Unit.ITEMS)}")
    if abs(one.points) > EPSILON:
        parts.append(f"{_sign(one.points)}{_amount(abs(one.points), Unit.POINTS)}")
    return ", ".join(parts) or "not estimated"


def _sign(number: float) -> str:
    return "+" if number > 0 else "-"


def _amount(number: float, unit: Unit) -> str:
    if unit is Unit.ITEMS:
        return count(round(number), "item")
    return f"{size(number)} {'point' if number == 1 else 'points'}"
