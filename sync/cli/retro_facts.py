"""A retrospective as what `--json` prints."""

from typing import TYPE_CHECKING, Any

from sync.cli.scope import baseline_facts, ledger_facts

if TYPE_CHECKING:
    from sync.forecast.store import Said
    from sync.reconcile.retro import Origin, Retro, WaitState
    from sync.reconcile.stood import Stood
    from sync.reconcile.story import Since, Sum


def facts(made: "Retro") -> dict[str, Any]:
    """All of one pack; instants in UTC."""
    one, story, dates = made.facts, made.story, made.receipt.dates
    return {
        "milestone": one.line,
        "connection": one.connection,
        "kind_of_milestone": one.kind.value,
        "state": one.state.value,
        "running": made.running,
        "end": None if made.running else made.ended.value,
        "as_of": made.as_of,
        "known_at": made.known_at,
        "due_date": one.due_date,
        "done_at": made.outcome.at if made.outcome else None,
        "leftovers": made.outcome.leftovers if made.outcome else None,
        "url": one.url,
        "withheld": story.withheld,
        "lead_unit": story.unit.value,
        "scope": _since(made, story.current),
        "scope_original": _since(made, story.original),
        "say_do": made.say_do,
        "entered": [_origin(each) for each in made.entered],
        "left": [_origin(each) for each in made.left],
        "promises": [
            {
                "due_date": each.due_date,
                "is_first": each.is_first,
                "seen_after": each.seen_after,
                "seen_at": each.seen_at,
                "items_done": each.done,
                "items_total": each.total,
            }
            for each in made.receipt.promises
        ],
        "date_history": None
        if dates is None
        else {
            "original": dates.original,
            "current": dates.current,
            "moves": dates.number,
            "slip_working_days": dates.slip,
            "slip_rate": dates.rate,
        },
        "forecasts": [_forecast(each) for each in made.forecasts],
        "waits_untold": made.waits_untold,
        "waits": [_wait(each) for each in made.waits],
        "findings": [_stood(each) for each in made.findings],
        "tested": None
        if made.tested is None
        else {
            "share": made.tested.share,
            "ready": made.tested.ready,
            "changes": made.tested.changes,
            "unknown_changes": made.tested.unknown_changes,
            "exempt_changes": made.tested.exempt_changes,
            "words": made.tested.words,
        },
        "notes": story.notes,
        "unknown": made.unknown,
    }


def _since(made: "Retro", one: "Since | None") -> dict[str, Any] | None:
    if one is None:
        return None
    told = made.story.withheld is None
    return {
        "baseline": {"number": one.number, **baseline_facts(one.baseline)},
        "net_share": made.story.share(one),
        "items": _sum(one.items) if told else None,
        "points": _sum(one.points) if told else None,
    }


def _sum(one: "Sum") -> dict[str, Any]:
    measures = one.measures
    return {
        **ledger_facts(one.ledger),
        "done": measures.done,
        "remaining": measures.remaining,
        "churn": measures.churn,
        "late_added": measures.late_added,
        "reopened": measures.reopened,
        "unestimated_items": measures.unestimated,
    }


def _origin(one: "Origin") -> dict[str, Any]:
    return {"name": one.name, "items": one.items, "points": one.points}


def _forecast(one: "Said") -> dict[str, Any]:
    from sync.forecast.percent import steps_of_five

    return {
        "as_of": one.as_of,
        "due_date": one.due,
        "abstained": one.abstained,
        "p50": one.p50,
        "p85": one.p85,
        "percent_on_time": None if one.p_on_time is None else steps_of_five(one.p_on_time),
        "done_at": one.done_at,
        "on_time": one.on_time,
    }


def _wait(one: "WaitState") -> dict[str, Any]:
    return {
        "state": one.delay.state,
        "working_days": round(one.delay.days, 1),
        "items": one.delay.items,
        "p50_working_days": round(one.delay.p50, 1),
        "p85_working_days": round(one.delay.p85, 1),
        "longest": [
            {
                "key": each.key,
                "title": each.title,
                "url": each.url,
                "working_days": round(each.days, 1),
            }
            for each in one.longest
        ],
    }


def _stood(one: "Stood") -> dict[str, Any]:
    return {
        "fingerprint": one.fingerprint,
        "detector": one.detector,
        "severity": one.severity,
        "title": one.title,
        "first_at": one.first_at,
        "was_there": one.was_there,
        "resolved_at": one.resolved_at,
        "working_days": round(one.working_days, 1),
        "returns": one.returns,
    }
