"""Forecasts of judged milestones at a view's instant: what they rest on, and what was said."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import numpy as np

from mappings.vocabulary import MilestoneKind
from sync.forecast import explain, recalibrate, store
from sync.forecast.dates import DateHistory, history
from sync.forecast.evidence import Plan as Counted
from sync.forecast.evidence import observe
from sync.forecast.inputs import DEFAULTS, Blocker, Inputs, Learned, Prior, Settings
from sync.forecast.model import Change, Forecast, Ints, simulate
from sync.forecast.proof import lessons
from sync.ledger.milestones import Key, MilestoneFacts
from sync.ledger.timeline import ItemHistory
from sync.ledger.working_days import WorkCalendar
from sync.reconcile.combined import ProgramPlan, program_plans
from sync.reconcile.detectors.scope import net
from sync.reconcile.gate import Gate
from sync.reconcile.pace import Group, Pace, pace
from sync.reconcile.view import Plan, View
from sync.reconcile.waiting import waits
from sync.reconcile.words import count, verb

#: Above this share of items of which nothing is known, nothing is forecast.
UNSURE = 0.20


@dataclass(frozen=True, slots=True, eq=False)
class MilestoneForecast:
    """What is forecast of one milestone, and what it rests on."""

    #: connection 0: a program milestone.
    key: Key
    name: str
    #: None: a program milestone.
    facts: MilestoneFacts | None
    inputs: Inputs
    prior: Prior
    made: Forecast
    #: its date stands and its scope may change.
    fixed_date: bool = False
    #: why it was not looked at: something was not read.
    not_checked: str | None = None
    #: what weakens it, in words.
    notes: tuple[str, ...] = ()
    #: finishing days of what it waits for, by key.
    waits: Mapping[str, Ints] = field(default_factory=dict)
    #: of a program milestone: those of its parts.
    parts: tuple["MilestoneForecast", ...] = ()

    @property
    def due(self) -> date | None:
        """The promised date, which is no forecast."""
        return self.inputs.due

    @property
    def silent(self) -> str | None:
        """Why nothing is forecast; None: something is."""
        return self.not_checked or self.made.abstained

    @property
    def need(self) -> explain.Need | None:
        """What the promised date asks for each week."""
        return explain.need(self.inputs)


def forecasts(view: View) -> Mapping[Key, MilestoneForecast]:
    """Of all judged milestones that are open, and of judged program milestones; made once."""
    if view.made_forecasts is None:
        made = of_milestones(view, view.judged)
        for program in program_plans(view):
            one = of_program(view, program, made)
            made[one.key] = one
        view.made_forecasts = made
    return view.made_forecasts


def of_milestones(
    view: View, milestones: Iterable[MilestoneFacts], settings: Settings = DEFAULTS
) -> dict[Key, MilestoneForecast]:
    """Forecasts of these milestones, as far as they are open; a few queries for all."""
    chosen = [one for one in milestones if one.state.is_open]
    waiting = waits(view, chosen)
    facts = {one.key: one for one in chosen}
    # What it waits for is in other milestones, whose ends have to be known first.
    facts |= {key: view.milestones[key] for group in waiting.order for key in group}
    plans = {plan.facts.key: plan for plan in view.plans(facts.values())}
    known = _pace(view, facts.values())
    # Nothing may be learned from what ended later.
    learned = lessons(view.conn, min(view.as_of, view.known_at))
    gate = Gate(view)
    made: dict[Key, MilestoneForecast] = {}
    ends: dict[Key, Forecast] = {}
    order = [key for group in waiting.order for key in group]
    for key in (*order, *(key for key in facts if key not in set(order))):
        blockers = waiting.blockers.get(key, ())
        handed = waiting.hand(key, ends)
        one = _of_plan(view, plans[key], known, learned, gate, settings, blockers, handed)
        made[key] = one
        if one.silent is None:
            ends[key] = one.made
    return {one.key: made[one.key] for one in chosen}


def of_program(
    view: View,
    one: ProgramPlan,
    made: Mapping[Key, MilestoneForecast],
    settings: Settings = DEFAULTS,
) -> MilestoneForecast:
    """A program milestone is done when its last part is.

    Parts of one team share their random numbers, those of several are independent.
    """
    key = (store.NO_CONNECTION, MilestoneKind.PROGRAM, one.program.name)
    missing = [part for part in one.program.parts if part.key not in made and part.state.is_open]
    found = {**made, **of_milestones(view, missing, settings)} if missing else dict(made)
    parts = tuple(found[part.key] for part in one.program.parts if part.key in found)
    histories = () if one.combined is None else one.combined.histories.values()
    begun = one.baseline_at is not None and one.baseline_at <= view.as_of
    inputs = observe(
        histories,
        Counted(one.baseline_at if begun else None, None, one.due_date),
        key=f":program:{one.program.name}",
        at=view.as_of,
        calendar=view.calendar,
        day=view.today,
    )
    silent = next((part for part in parts if part.silent is not None), None)
    ends: Ints = np.zeros(settings.runs, dtype=np.int64)
    plain = ends
    for part in _shared(parts, settings) if silent is None else ():
        ends, plain = np.maximum(ends, part.ends), np.maximum(plain, part.plain)
    about = "" if silent is None else f"{silent.name}: {silent.silent}"
    if one.program.unknown or one.program.missing:
        about = about or "a part of it is not known"
    whole = replace(inputs, open_items=sum(part.inputs.open_items for part in parts))
    if about:
        told = Forecast(view.today, one.due_date, about)
    else:
        told = simulate(replace(whole, open_items=0, blockers=()), Prior(), settings)
        told = replace(
            told,
            ends=ends,
            plain=plain,
            work_days=_work_days(view.calendar, view.today, ends),
            empty=whole.open_items == 0,
        )
    return MilestoneForecast(
        key,
        one.program.name,
        None,
        whole,
        Prior(),
        told,
        not_checked=about if silent is not None and silent.not_checked else None,
        notes=tuple(f"{part.name}: {note}" for part in parts for note in part.notes),
        waits={part.inputs.key: part.made.ends for part in parts if part.silent is None},
        parts=parts,
    )


def _work_days(calendar: WorkCalendar, day: date, ends: Ints) -> Ints:
    from sync.forecast.days import coming

    worked = coming(calendar, day, DEFAULTS.cap_weeks, False).worked
    return np.where(ends >= len(worked), worked[-1] + 1, worked[np.minimum(ends, len(worked) - 1)])


def _shared(parts: Iterable[MilestoneForecast], settings: Settings) -> list[Forecast]:
    """The forecasts of parts, where those of one project share their draws."""
    parts = list(parts)
    teams = Counter(_stream(part) for part in parts)
    return [
        part.made
        if teams[_stream(part)] < 2
        else simulate(
            replace(part.inputs, stream=_stream(part)), part.prior, settings, waits=part.waits
        )
        for part in parts
    ]


def _stream(part: MilestoneForecast) -> str:
    facts = part.facts
    return "" if facts is None else f"team:{facts.connection}:{facts.scope_id}"


def _pace(view: View, milestones: Iterable[MilestoneFacts]) -> Pace:
    return pace(view, {_group(one) for one in milestones}, view.calendar, view.today)


def _group(facts: MilestoneFacts) -> Group:
    return (facts.connection_id, facts.kind, facts.scope_id)


def _of_plan(
    view: View,
    plan: Plan,
    known: Pace,
    learned: Mapping[MilestoneKind, Learned],
    gate: Gate,
    settings: Settings,
    blockers: tuple[Blocker, ...],
    handed: Mapping[str, Ints],
) -> MilestoneForecast:
    facts = plan.facts
    calendar = _calendar(view, plan)
    inputs = _inputs(view, plan, plan.container.histories, calendar)
    own = len(inputs.weekly_done)
    older = known.team_weekly(_group(facts), facts.key, own)
    if older:
        inputs = _inputs(view, plan, plan.container.histories, calendar, tuple(older))
    inputs = replace(inputs, blockers=blockers)
    prior = replace(
        known.prior(_group(facts), facts.key), learned=learned.get(facts.kind, Learned())
    )
    stuck = _stuck(inputs, handed)
    reason = gate.reason(net.DETECTOR, facts.connection_id, facts.subject)
    unsure = _too_unsure(inputs) or stuck
    if reason is not None or unsure is not None:
        made = Forecast(inputs.as_of, inputs.due, reason or unsure)
    elif not plan.leaves and not inputs.open_items and not inputs.completed:
        made = Forecast(inputs.as_of, inputs.due, "nothing is in it")
    else:
        made = simulate(inputs, prior, settings, waits=handed)
    return MilestoneForecast(
        facts.key,
        facts.line,
        facts,
        inputs,
        prior,
        made,
        fixed_date=plan.fixed_date,
        not_checked=reason,
        notes=tuple(_notes(plan, inputs, made)),
        waits=handed,
    )


def _stuck(inputs: Inputs, handed: Mapping[str, Ints]) -> str | None:
    """Where all that is open waits, and nobody knows how long: no pace helps."""
    unknown = [one for one in inputs.blockers if one.key not in handed]
    held = max((one.blocked for one in unknown), default=0)
    if not inputs.open_items or held < inputs.open_items:
        return None
    return "all that is open waits for something of which nobody knows when it ends"


def _inputs(
    view: View,
    plan: Plan,
    histories: Iterable[ItemHistory],
    calendar: WorkCalendar,
    team_weekly: tuple[float | None, ...] = (),
) -> Inputs:
    since = plan.baseline.at if plan.baseline is not None else None
    counted: datetime | None = None
    if since is not None:
        counted = view.calendar.add(since, view.policy.grace_days)
    facts = plan.facts
    return observe(
        histories,
        Counted(since, counted, None if facts.unseen else facts.due_date),
        key=f"{facts.connection}:{facts.kind.value}:{facts.source_id}",
        at=view.as_of,
        calendar=calendar,
        day=view.today,
        team_weekly=team_weekly,
    )


def _calendar(view: View, plan: Plan) -> WorkCalendar:
    """That of the team that has most of the open work."""
    if not view.calendars.teams:
        return view.calendar
    ids = [one.id for one in plan.open_items]
    teams = view.teams({plan.facts.connection_id: ids})
    return view.calendars.of_most(Counter(teams.values()))


def _too_unsure(inputs: Inputs) -> str | None:
    unsure = inputs.unsure_items
    if unsure and unsure > UNSURE * (inputs.open_items + unsure):
        are = verb(unsure, "is", "are")
        return f"whether {count(unsure, 'item')} {are} in it, or done, is not known"
    return None


def _notes(plan: Plan, inputs: Inputs, made: Forecast) -> list[str]:
    found = []
    if inputs.unsure_items:
        number = count(inputs.unsure_items, "item")
        are = verb(inputs.unsure_items, "is", "are")
        found.append(f"whether {number} {are} in it, or done, is not known: it may take longer")
    if plan.container.nameless:
        found.append("items whose milestone lost its name may be missing")
    if made.unknown_blockers:
        number = count(len(made.unknown_blockers), "item")
        found.append(
            f"it waits for {number} of which nobody knows when they end: it may take longer"
        )
    learned = recalibrate.words(made.learned) if made.abstained is None else ""
    if learned:
        found.append(learned)
    biggest = _biggest(plan)
    if biggest is not None:
        found.append(biggest)
    return found


def _biggest(plan: Plan) -> str | None:
    """A warning where one open item is so large that counting items means little."""
    sizes = {id_: one.points for id_, one in plan.leaves.items() if not one.done and one.points}
    if not sizes or len(sizes) < 2:
        return None
    id_ = max(sizes, key=lambda one: (sizes[one], one))
    left = sum(size for size in sizes.values() if size)
    size = sizes[id_] or 0.0
    if not explain.is_huge(size, left):
        return None
    item = plan.container.items[id_]
    name = "one item" if item.restricted else item.key
    return f"{name} alone is {size:g} of {left:g} points left: counting items says little"


def otherwise(
    one: MilestoneForecast, *, drop: int = 0, due: date | None = None, pace: float = 1.0
) -> MilestoneForecast:
    """The same, with so many items fewer, another promised date or another pace."""
    inputs = replace(
        one.inputs,
        open_items=max(0, one.inputs.open_items - drop),
        due=due or one.inputs.due,
    )
    if one.not_checked is not None:
        return replace(one, inputs=inputs)
    made = simulate(inputs, one.prior, waits=one.waits, change=Change(pace=pace))
    if one.made.abstained is not None:
        made = replace(one.made, due=inputs.due)
    return replace(one, inputs=inputs, made=made)


def moved_dates(view: View, one: MilestoneForecast) -> DateHistory | None:
    """How the promised date moved; None: none was seen, or it is a program milestone."""
    if one.facts is None:
        return None
    (plan,) = view.plans([one.facts])
    first = plan.original or plan.baseline
    return history(
        one.facts, view.calendar, view.as_of, since=first.at if first is not None else None
    )
