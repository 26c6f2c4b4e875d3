"""Metrics in words."""

from collections.abc import Iterable, Iterator, Sequence

from sync.flow.allocation import NOWHERE, Share
from sync.flow.dora import Keys
from sync.flow.lead_time import Stages
from sync.flow.people import HIDDEN
from sync.flow.spread import Spread
from sync.flow.team_map import Between, TeamMap
from sync.flow.trends import LEAST, Point, Series
from sync.ledger.working_days import WorkCalendar
from sync.reconcile.metrics import Allocation, Changes, Flow, Metrics
from sync.reconcile.trends import Group
from sync.reconcile.words import count, day_of, verb

_KEYS = {
    "deployment_frequency": "Deployment frequency",
    "change_lead_time": "Change lead time",
    "change_fail_rate": "Change fail rate",
    "recovery": "Failed-deployment recovery",
}
#: Which deployment an incident came from no system tells.
TIE_RULE = (
    "Each incident is tied to the newest production deployment before it: a rough rule, for no "
    "system says which one it came from."
)


def words(made: Metrics, calendar: WorkCalendar) -> Iterator[str]:
    """All lines of `metrics`."""
    yield f"The {count(made.weeks, 'week')} before {day_of(made.as_of, calendar)}"
    yield ""
    yield "Flow of leaf items (working days)"
    yield from _flow(made.whole)
    for one in made.flow:
        yield from _flow(one)
    if made.changes:
        yield ""
        yield "Changes (elapsed days)"
    for each in made.changes:
        yield from _changes(each)
    yield ""
    yield "DORA's four keys"
    if made.keys is None:
        yield f"  Not told: {HIDDEN} landed changes."
    else:
        yield from _keys(made.keys, "  ")
        if made.keys.fail_rate is not None:
            yield f"  {TIE_RULE}"
        if made.keys.deployments is not None:
            yield from (f"  Without {one}" for one in made.keys_without)
    yield ""
    yield "Where the work went"
    if made.allocation is None:
        yield f"  Not told: {HIDDEN} finished items."
    else:
        yield from _allocation(made.allocation)


def _flow(one: Flow) -> Iterator[str]:
    if one.not_known is not None:
        yield f"  {one.name}: not told, {one.not_known}"
        return
    weekly = "" if one.per_week is None else f" ({_both(one.per_week)} a week)"
    yield f"  {one.name}: {one.done} done{weekly}, {one.in_progress} in progress"
    yield f"    cycle time {_days(one.cycle_time)}; age {_days(one.age)}"
    if one.wait_share is not None:
        yield f"    waiting {_percent(one.wait_share)} of the time since the start"
    for note in one.notes:
        yield f"    {note}"


def _changes(one: Changes) -> Iterator[str]:
    if one.not_known is not None or one.stages is None:
        yield f"  {one.repository}: not told, {one.not_known}"
        return
    yield f"  {one.repository}: {count(one.stages.changes, 'change')} landed"
    yield from _stages(one.stages)
    waits = "" if one.queue_days is None else f", open for {_days(one.queue_days)} working days"
    yield f"    {one.queue} open without a review by somebody else{waits}"
    if one.keys is not None:
        if one.keys.deployments is None:
            reason = one.keys.unknown.get("deployment_frequency", "")
            yield f"    deployments: not known: {reason}"
        else:
            yield from _keys(one.keys, "    ", skip=("change_fail_rate", "recovery"))


def _stages(one: Stages) -> Iterator[str]:
    parts = (
        ("coding", one.coding),
        ("pickup", one.pickup),
        ("review", one.review),
        ("deploy", one.deploy),
    )
    yield "    " + "; ".join(f"{name} {_days(held)}" for name, held in parts)
    if one.unreviewed:
        yield f"    {one.unreviewed} landed without a review by somebody else"
    if one.reviews_unknown:
        yield f"    of {one.reviews_unknown} the reviews were not read"


def _keys(one: Keys, indent: str, *, skip: Sequence[str] = ()) -> Iterator[str]:
    told = {
        "deployment_frequency": None
        if one.deployments is None or one.per_week is None
        else f"{one.deployments}, {_both(one.per_week)} a week"
        + (f"; {one.failed_attempts} attempts failed" if one.failed_attempts else ""),
        "change_lead_time": None
        if one.lead_time is None
        else f"{_days(one.lead_time)} from first commit to production"
        + (f"; of {one.lead_time_unknown} changes not known" if one.lead_time_unknown else ""),
        "change_fail_rate": None
        if one.fail_rate is None
        else f"{round(one.fail_rate * 100)} % ({one.with_incident} of {one.deployments} "
        f"{verb(one.deployments or 0, 'deployment', 'deployments')} with an incident)",
        "recovery": None
        if one.recovery is None
        else f"{_days(one.recovery)} from an incident's opening to its end",
    }
    for key, text in told.items():
        if key not in skip:
            why = one.unknown.get(key, "no reason is known")
            yield f"{indent}{_KEYS[key]}: {text if text is not None else f'not known: {why}'}"
    if one.open_incidents and "recovery" not in skip:
        yield f"{indent}{count(one.open_incidents, 'incident')} still open"


def _allocation(one: Allocation) -> Iterator[str]:
    yield from _shares("Items by milestone", one.by_milestone)
    if one.hidden:
        yield f"    without {count(one.hidden, 'milestone')} of {HIDDEN}"
    yield from _shares("Items by type", one.by_type)
    yield from _shares("Changed lines by milestone", one.lines_by_milestone)
    if one.hidden_lines:
        yield f"    without {count(one.hidden_lines, 'milestone')} of {HIDDEN}"
    if one.lines_unknown:
        yield f"    of {count(one.lines_unknown, 'change')} the lines are not known"


def _shares(title: str, found: Sequence[Share]) -> Iterator[str]:
    yield f"  {title}"
    for one in found:
        name = "no milestone" if one.name == NOWHERE else one.name
        yield f"    {round(one.share * 100):3} %  {name} ({one.amount:.10g})"
    if not found:
        yield "    nothing that may be told"


# --- teams ------------------------------------------------------------------------------------


def team_words(made: TeamMap) -> Iterator[str]:
    """All lines of `metrics teams`."""
    yield "Teams"
    for one in made.teams:
        if one.hidden:
            yield f"  {one.name}: not told, {HIDDEN}"
            continue
        yield (
            f"  {one.name}: {one.open_items} open, {one.started} started, {one.waiting} waiting "
            f"for other teams, {one.holding_up} that others wait for"
        )
        if one.handoffs is not None:
            yield f"    hand-offs per item {_both(one.handoffs)}"
    if not made.teams:
        yield "  No item says its team; [teams] in the configuration gives rules."
    if made.without_team:
        yield f"  {count(made.without_team, 'open item')} of no known team"
    yield ""
    yield "Waiting (working days since the link was first seen, at least)"
    yield from _edges(made.blocking, "waits for", "link", turned=True)
    yield ""
    yield "Handed on"
    yield from _edges(made.handed, "to", "item", turned=False)
    yield ""
    yield "Teams with open items by milestone"
    for spread in made.spreads:
        names = ", ".join(spread.teams) or "none is known"
        unknown = f"; {spread.without_team} of no known team" if spread.without_team else ""
        number = count(len(spread.teams), "team")
        yield f"  {spread.milestone}: {number} ({names}){unknown}"
    if not made.spreads:
        yield "  No milestone is judged."


def _edges(found: Iterable[Between], how: str, what: str, *, turned: bool) -> Iterator[str]:
    none = True
    for one in found:
        none = False
        ends = (one.second, one.first) if turned else (one.first, one.second)
        number = f"not told, {HIDDEN}" if one.number is None else count(one.number, what)
        days = "" if one.days is None else f", {_days(one.days)} days"
        yield f"  {ends[0]} {how} {ends[1]}: {number}{days}"
    if none:
        yield "  None is known."


# --- trends -----------------------------------------------------------------------------------


def trend_words(groups: Sequence[Group]) -> Iterator[str]:
    """All lines of `metrics trends`."""
    for number, one in enumerate(groups):
        if number:
            yield ""
        place = f" of {one.place}" if one.place else ""
        last = ", ".join(one.milestones[-6:])
        finished = count(len(one.milestones), f"finished {one.kind}")
        yield f"{one.connection}: {finished}{place}, the last: {last}"
        for series in one.series:
            yield f"  {series.name} ({series.unit}): " + "  ".join(
                _point(point, series) for point in series.shown
            )
            yield f"    {_limits(series)}"
    if not groups:
        yield "No milestone is finished yet."


def _point(one: Point, series: Series) -> str:
    if one.value is None:
        return "?"
    return f"{_value(one.value, series.unit)}{' (!)' if one in series.outside else ''}"


def _value(value: float, unit: str) -> str:
    return f"{round(value * 100)} %" if unit == "share" else f"{round(value, 1):.10g}"


def _limits(series: Series) -> str:
    limits = series.limits
    if limits is None:
        reasons = sorted({one.reason for one in series.shown if one.reason})
        missing = f"; ?: {reasons[0]}" if reasons else ""
        return f"no limits: {series.known} of {LEAST} points needed are known{missing}"
    low, high = _value(limits.lower, series.unit), _value(limits.upper, series.unit)
    text = f"usual from {low} to {high}, around {_value(limits.mean, series.unit)}"
    outside = [one.label for one in series.outside]
    return text + (f"; outside: {', '.join(outside)}" if outside else "")


# --- numbers ----------------------------------------------------------------------------------


def _days(one: Spread | None) -> str:
    if one is None:
        return "not known"
    return f"{one.p50:.1f} (85 %: {one.p85:.1f})"


def _both(one: Spread) -> str:
    return f"{one.p50:.10g} (85 %: {one.p85:.10g})"


def _percent(one: Spread) -> str:
    return f"{round(one.p50 * 100)} % (85 %: {round(one.p85 * 100)} %)"
