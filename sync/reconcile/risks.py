"""The risk register: what is open, how probable it makes a late end, and what it costs in days.

Days are the answer to one question asked of the forecast with the same random numbers: when would
the milestone be done without this? What no such question can be asked of has no number.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from mappings.vocabulary import MilestoneKind
from sync.forecast.model import Change, Forecast, simulate
from sync.forecast.percent import about, steps_of_five
from sync.forecast.store import NO_CONNECTION
from sync.ledger.milestones import Key, MilestoneFacts
from sync.reconcile.contract import Answer, AnswerKind, Finding, FindingState
from sync.reconcile.forecasts import MilestoneForecast, forecasts, of_milestones
from sync.reconcile.life import Known
from sync.reconcile.view import View

#: What is taken away to ask what a finding costs, by detector; for others the items it names.
_GROWTH = frozenset({"scope.net", "scope.late-add", "scope.churn", "plan.diverging"})
_WAITING = "plan.dependency"
#: Families whose findings name the items that would go; others name what is left, or nothing.
_BY_ITEMS = frozenset({"scope", "flow"})
#: Percent that a date holds, from which on a late end is so probable.
_BANDS = (
    (85, "very unlikely"),
    (65, "unlikely"),
    (40, "about even"),
    (20, "likely"),
    (0, "very likely"),
)
UNKNOWN = "unknown"
OPEN = "open"
#: Answers that say what is done about a finding.
_RESPONSES = {
    AnswerKind.ACKNOWLEDGE: "acknowledged",
    AnswerKind.ACCEPT: "accepted",
    AnswerKind.SNOOZE: "snoozed",
    AnswerKind.NOT_USEFUL: "called not useful",
}


class Without(StrEnum):
    """What is taken away to ask what a risk costs."""

    GROWTH = "growth"
    WAITING = "waiting"
    ITEMS = "items"


@dataclass(frozen=True, slots=True)
class Impact:
    """How much earlier a milestone would be done without the risk."""

    #: working days between the days by which 85 % of the runs are done; None: not known.
    days: int | None
    #: what was taken away; None: nothing could be.
    without: Without | None = None
    #: items that were taken away.
    items: int = 0
    #: why no number is told.
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Risk:
    """One line of the register."""

    finding: Finding
    #: milestone whose date it threatens, as configuration names it; None: none.
    milestone: str | None
    due: date | None
    #: percent that the promised date holds, in steps of five; None: not known.
    percent_on_time: int | None
    #: the same as people read it: `about 30 %`, `less than 5 %`; None: not known.
    on_time: str | None
    #: how probable a late end is, in a word; `unknown` where nothing is forecast.
    probability: str
    #: why no probability is told; empty where one is.
    probability_reason: str
    impact: Impact
    #: who took it, else whose it is, else on whom it waits.
    owner: str
    #: open, acknowledged, accepted, snoozed, not useful; and until when.
    response: str
    until: date | None
    #: days since it was first seen.
    age_days: int

    @property
    def url(self) -> str | None:
        """Where its first proof can be seen."""
        shown = (one.url for one in self.finding.evidence if not one.restricted)
        return next((url for url in shown if url), None)


def band(percent_on_time: int | None) -> str:
    """How probable a late end is, from the percent (steps of five) that the date holds."""
    if percent_on_time is None:
        return UNKNOWN
    return next(word for least, word in _BANDS if percent_on_time >= least)


@dataclass(slots=True)
class _Questions:
    """Answers of one view; what was asked once is kept."""

    view: View
    made: dict[Key, MilestoneForecast]
    answers: dict[tuple[Key, Without, int], Forecast] = field(default_factory=dict)

    def forecast(self, key: Key | None) -> MilestoneForecast | None:
        """What is forecast of a milestone; None: it is not there, or it is closed."""
        if key is None:
            return None
        facts = self.view.milestones.get(key)
        if key not in self.made and facts is not None and facts.state.is_open:
            self.made.update(of_milestones(self.view, [facts]))
        return self.made.get(key)

    def without(self, one: MilestoneForecast, what: Without, items: int = 0) -> Forecast:
        """The same forecast with something taken away."""
        asked = (one.key, what, items)
        if asked not in self.answers:
            change, inputs = Change(), one.inputs
            if what is Without.GROWTH:
                change = Change(grows=False)
            elif what is Without.WAITING:
                change = Change(waits=False)
            else:
                inputs = replace(inputs, open_items=max(0, inputs.open_items - items))
            self.answers[asked] = simulate(inputs, one.prior, waits=one.waits, change=change)
        return self.answers[asked]


def register(
    view: View, found: Iterable[Known], answers: Mapping[str, Answer] = MappingProxyType({})
) -> tuple[Risk, ...]:
    """A line for each open finding, the worst, most probable and dearest first.

    `found`: findings as a reconciliation left them; `view`: the store at that time. `answers`: what
    people answered and holds, by fingerprint. A finding that another one explains is no risk of its
    own.
    """
    asked = _Questions(view, dict(forecasts(view)))
    lines = [
        _line(asked, one, answers.get(one.finding.fingerprint))
        for one in found
        if one.is_open and one.finding.state is not FindingState.SUPPRESSED
    ]
    return tuple(sorted(lines, key=_order))


def _order(one: Risk) -> tuple[object, ...]:
    chance = 100 if one.percent_on_time is None else one.percent_on_time
    days = -1 if one.impact.days is None else one.impact.days
    return (-one.finding.severity.rank, chance, -days, one.finding.fingerprint)


def _response(answer: Answer | None, today: date) -> tuple[str, date | None, str | None]:
    """What is done about it, until when, and who took it; what has lapsed is open again."""
    if answer is None or answer.kind not in _RESPONSES:
        return OPEN, None, None
    if answer.until is not None and answer.until < today:
        return OPEN, None, None
    taken = answer.author if answer.kind is AnswerKind.ACKNOWLEDGE else None
    return _RESPONSES[answer.kind], answer.until, taken


def _line(asked: _Questions, one: Known, answer: Answer | None) -> Risk:
    finding, view = one.finding, asked.view
    ids = _items(one)
    key = _milestone(asked, one, ids)
    forecast = asked.forecast(key)
    percent, reason = _chance(forecast, key)
    response, until, taken = _response(answer, view.today)
    facts = view.milestones.get(key) if key is not None else None
    return Risk(
        finding=finding,
        milestone=_called(facts, forecast) or finding.milestone_label,
        due=forecast.due if forecast is not None else facts.due_date if facts is not None else None,
        percent_on_time=percent,
        on_time=None if percent is None or forecast is None else _said(forecast),
        probability=band(percent),
        probability_reason=reason,
        impact=_impact(asked, one, forecast, ids),
        owner=taken or finding.owner or finding.who,
        response=response,
        until=until,
        age_days=max(0, (view.today - view.calendar.local_date(finding.first_seen_at)).days),
    )


def _called(facts: MilestoneFacts | None, forecast: MilestoneForecast | None) -> str | None:
    if facts is not None:
        return facts.line
    return None if forecast is None else forecast.name


def _chance(forecast: MilestoneForecast | None, key: Key | None) -> tuple[int | None, str]:
    if forecast is None:
        reason = "it threatens no milestone with a forecast" if key is None else "it is not open"
        return None, reason
    if forecast.silent is not None:
        return None, forecast.silent
    if forecast.made.p_on_time is None:
        return None, "no date is promised"
    return steps_of_five(forecast.made.p_on_time), ""


def _said(forecast: MilestoneForecast) -> str | None:
    p = forecast.made.p_on_time
    return None if p is None else about(p)


def _items(one: Known) -> frozenset[str]:
    """Ids of the items that a finding is about."""
    told = [one.finding.subject, *(proof.source or "" for proof in one.finding.evidence)]
    return frozenset(
        text.partition(":")[2] for text in told if text.startswith("issue:") and one.connection_id
    )


def _milestone(asked: _Questions, one: Known, ids: frozenset[str]) -> Key | None:
    """The milestone that a finding names; else the judged one with most of its open items."""
    about, _, id_ = one.finding.subject.partition(":")
    if about == MilestoneKind.PROGRAM.value:
        return (NO_CONNECTION, MilestoneKind.PROGRAM, id_)
    if one.connection_id is None:
        return None
    if one.milestone is not None:
        return (one.connection_id, MilestoneKind(one.milestone[0]), one.milestone[1])
    if about in {kind.value for kind in MilestoneKind}:
        return (one.connection_id, MilestoneKind(about), id_)
    held: list[tuple[int, date, Key]] = []
    for plan in asked.view.plans() if ids else ():
        number = len(ids & set(plan.open_ids))
        if number and plan.facts.connection_id == one.connection_id:
            held.append((-number, plan.facts.due_date or date.max, plan.facts.key))
    return min(held)[2] if held else None


def _impact(
    asked: _Questions, one: Known, forecast: MilestoneForecast | None, ids: frozenset[str]
) -> Impact:
    if forecast is None or forecast.silent is not None:
        return Impact(None, reason="nothing is forecast of it")
    if forecast.facts is None:
        return Impact(None, reason="of a program milestone its parts alone can be asked")
    detector = one.finding.detector
    number = 0
    if detector in _GROWTH:
        what = Without.GROWTH
    elif detector == _WAITING:
        if not forecast.waits:
            return Impact(None, reason="when what it waits for ends is not forecast")
        what = Without.WAITING
    elif detector.partition(".")[0] in _BY_ITEMS:
        (plan,) = asked.view.plans([forecast.facts])
        number = len(ids & set(plan.open_ids))
        if not number:
            return Impact(None, reason="none of its items is open in the milestone")
        what = Without.ITEMS
    else:
        return Impact(None, reason="the forecast cannot be asked without it")
    other = asked.without(forecast, what, number)
    now, then = forecast.made.p85, other.p85
    if now is None or then is None:
        return Impact(None, what, number, "85 % of the runs do not end within two years")
    return Impact(max(0, asked.view.calendar.between(then, now)), what, number)
