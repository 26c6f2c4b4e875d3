"""Metrics as what `--json` prints; what is not told is null, and a reason stands beside it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sync.flow.allocation import Share
    from sync.flow.dora import Keys
    from sync.flow.lead_time import Stages
    from sync.flow.spread import Spread
    from sync.flow.team_map import Between, TeamMap
    from sync.flow.trends import Series
    from sync.reconcile.metrics import Changes, Flow, Metrics
    from sync.reconcile.trends import Group


def facts(made: "Metrics") -> dict[str, Any]:
    """All metrics; durations in days as their names say."""
    allocation = made.allocation
    return {
        "as_of": made.as_of,
        "known_at": made.known_at,
        "weeks": made.weeks,
        "by": made.by,
        "whole": _flow(made.whole),
        "flow": [_flow(one) for one in made.flow],
        "repositories": [_changes(one) for one in made.changes],
        "dora": None if made.keys is None else _keys(made.keys),
        "dora_without": made.keys_without,
        "dora_hidden": made.keys is None,
        "allocation": None
        if allocation is None
        else {
            "items_by_milestone": _shares(allocation.by_milestone),
            "items_by_type": _shares(allocation.by_type),
            "lines_by_milestone": _shares(allocation.lines_by_milestone),
            "hidden_milestones": allocation.hidden,
            "hidden_milestones_of_lines": allocation.hidden_lines,
            "changes_without_lines": allocation.lines_unknown,
        },
        "allocation_hidden": allocation is None,
    }


def _spread(one: "Spread | None") -> dict[str, Any] | None:
    if one is None:
        return None
    return {"count": one.count, "p50": round(one.p50, 2), "p85": round(one.p85, 2)}


def _flow(one: "Flow") -> dict[str, Any]:
    return {
        "name": one.name,
        "not_known": one.not_known,
        "done": one.done,
        "per_week": _spread(one.per_week),
        "cycle_time_working_days": _spread(one.cycle_time),
        "in_progress": one.in_progress,
        "age_working_days": _spread(one.age),
        "wait_share": _spread(one.wait_share),
        "notes": one.notes,
    }


def _changes(one: "Changes") -> dict[str, Any]:
    return {
        "repository": one.repository,
        "not_known": one.not_known,
        "stages": None if one.stages is None else _stages(one.stages),
        "review_queue": one.queue,
        "review_queue_working_days": _spread(one.queue_days),
        "dora": None if one.keys is None else _keys(one.keys),
    }


def _stages(one: "Stages") -> dict[str, Any]:
    return {
        "changes": one.changes,
        "coding_days": _spread(one.coding),
        "pickup_days": _spread(one.pickup),
        "review_days": _spread(one.review),
        "deploy_days": _spread(one.deploy),
        "first_commit_to_merge_days": _spread(one.to_merge),
        "first_commit_to_production_days": _spread(one.to_production),
        "unreviewed": one.unreviewed,
        "reviews_unknown": one.reviews_unknown,
    }


def _keys(one: "Keys") -> dict[str, Any]:
    return {
        "deployments": one.deployments,
        "deployments_per_week": _spread(one.per_week),
        "failed_attempts": one.failed_attempts,
        "change_lead_time_days": _spread(one.lead_time),
        "changes_of_unknown_lead_time": one.lead_time_unknown,
        "deployments_with_incident": one.with_incident,
        "change_fail_rate": one.fail_rate,
        "recovery_days": _spread(one.recovery),
        "open_incidents": one.open_incidents,
        "unknown": dict(one.unknown),
    }


def _shares(found: "Iterable[Share]") -> list[dict[str, Any]]:
    return [
        {"name": one.name, "amount": round(one.amount, 2), "share": round(one.share, 4)}
        for one in found
    ]


def team_facts(made: "TeamMap") -> dict[str, Any]:
    """The team map."""
    return {
        "teams": [
            {
                "name": one.name,
                "hidden": one.hidden,
                "open_items": one.open_items,
                "started": one.started,
                "waiting_for_others": one.waiting,
                "holding_others_up": one.holding_up,
                "handoffs_per_item": _spread(one.handoffs),
            }
            for one in made.teams
        ],
        "blocking": [_between(one, "blocker", "blocked", "links") for one in made.blocking],
        "handoffs": [_between(one, "from", "to", "items") for one in made.handed],
        "milestones": [
            {
                "milestone": one.milestone,
                "teams": one.teams,
                "items_without_team": one.without_team,
            }
            for one in made.spreads
        ],
        "items_without_team": made.without_team,
    }


def _between(one: "Between", first: str, second: str, number: str) -> dict[str, Any]:
    return {
        first: one.first,
        second: one.second,
        number: one.number,
        "hidden": one.number is None,
        "working_days": _spread(one.days),
    }


def trend_facts(one: "Group") -> dict[str, Any]:
    """The trends of one group of milestones; limits rest on all its points."""
    return {
        "connection": one.connection,
        "kind_of_milestone": one.kind,
        "place": one.place,
        "milestones": one.milestones,
        "series": [_series(each) for each in one.series],
    }


def _series(one: "Series") -> dict[str, Any]:
    limits = one.limits
    return {
        "name": one.name,
        "unit": one.unit,
        "points": [
            {"milestone": each.label, "value": each.value, "reason": each.reason}
            for each in one.points
        ],
        "limits": None
        if limits is None
        else {
            "mean": limits.mean,
            "average_moving_range": limits.moving_range,
            "lower": limits.lower,
            "upper": limits.upper,
        },
        "outside": [each.label for each in one.outside],
    }
