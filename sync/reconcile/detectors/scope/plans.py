"""What all scope detectors judge, and how a plan that nobody agreed to is spoken of; pure."""

from collections.abc import Iterable, Iterator

from sync.ledger.ledger import Ledger
from sync.ledger.milestones import MilestoneFacts
from sync.reconcile import severity as levels
from sync.reconcile.contract import Channel, NotChecked, Severity
from sync.reconcile.view import Plan, View
from sync.reconcile.words import about_percent, count, day_of

#: Streams that tell what is in a milestone and how it came there, per connector kind.
NEEDS = {
    "jira": ("issues", "changelogs", "versions", "sprints"),
    "github": ("issues", "histories", "milestones"),
    "gitlab": ("issues", "histories", "milestones", "iterations"),
}


def judged(
    view: View, wanted: Iterable[MilestoneFacts] | None = None
) -> Iterator[tuple[Plan, Ledger] | NotChecked]:
    """Open ones of these milestones (the judged ones) with their ledgers, or why there is none."""
    for plan in view.plans(wanted):
        if not plan.facts.state.is_open:
            continue
        if plan.withheld is not None or plan.ledger is None:
            reason = plan.withheld or "it has no baseline"
            yield NotChecked(plan.facts.subject, reason, plan.facts.connection_id)
        else:
            yield plan, plan.ledger


def was_open(view: View, detector: str, plan: Plan) -> bool:
    """Whether the detector's finding about this milestone was open before."""
    return view.was_open(detector, plan.facts.connection_id, plan.facts.subject)


def channel(plan: Plan) -> Channel:
    """Nobody is judged by a plan that nobody agreed to, or while a mass edit waits for a word."""
    return Channel.MAILED if plan.percent_allowed else Channel.DIGEST


def severity(view: View, plan: Plan, level: Severity, within: float = levels.NEAR) -> Severity:
    """The level, one more near the date of the milestone; held at medium by a mass edit."""
    if plan.mass:
        return min(level, Severity.MEDIUM, key=lambda one: one.rank)
    return levels.raised(level, plan.facts.due_date, view.today, view.calendar, within)


def share(plan: Plan, ratio: float) -> str:
    """`about 25 % of the plan`, or no percentage where none may be shown."""
    return f"{about_percent(ratio)} of the plan" if plan.percent_allowed else "a part of the plan"


def held(plan: Plan) -> str:
    """A sentence on why no percentage is shown, after a blank; empty where one is."""
    if plan.mass:
        number = sum(len(one.items) for one in plan.mass)
        return (
            f" {count(number, 'item')} changed in one go: "
            "percentages wait until somebody confirms that this was meant."
        )
    if plan.baseline is not None and not plan.baseline.accepted:
        return " Nobody has agreed to a baseline yet, so this is a change since then, no judgement."
    return ""


def since(view: View, ledger: Ledger) -> str:
    """The calendar day of the baseline."""
    return day_of(ledger.since, view.calendar)
