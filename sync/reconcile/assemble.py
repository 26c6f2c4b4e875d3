"""From judged findings to all that a report needs: lines, questions, certificates, inventory."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from mappings.vocabulary import MilestoneKind
from sync.engine.tokens import ending
from sync.forecast.store import NO_CONNECTION, proof
from sync.ledger.agreed import growth
from sync.ledger.baseline import ledger_of
from sync.ledger.destination import by_destination
from sync.ledger.ledger import Ledger, LineKind
from sync.ledger.measures import churn, net_known
from sync.ledger.milestones import Key, due_moves
from sync.ledger.origin import explain
from sync.reconcile.combined import ProgramPlan, program_plans, sums
from sync.reconcile.contract import (
    Answer,
    Certificate,
    Demotion,
    Finding,
    Flapping,
    ForecastSummary,
    LedgerSummary,
    MilestoneLine,
    Reconciliation,
)
from sync.reconcile.detectors.scope import net
from sync.reconcile.evidence_of import contents, summary
from sync.reconcile.findings import Run
from sync.reconcile.forecasts import forecasts
from sync.reconcile.forecasts_past import skill, weeks_ago
from sync.reconcile.gate import Gate
from sync.reconcile.pictures import pictures
from sync.reconcile.program import part_name
from sync.reconcile.propose import left_over, open_items, proposals
from sync.reconcile.questions import questions
from sync.reconcile.view import Plan, View
from sync.reconcile.words import count, verb


@dataclass(frozen=True, slots=True)
class Judged:
    """A run and what it said."""

    run: Run
    previous: Run | None
    findings: tuple[Finding, ...]
    resolved: tuple[Finding, ...]
    not_checked: tuple[tuple[str, str, str], ...]
    restated: tuple[str, ...]
    agreed: tuple[str, ...] = ()
    suppressed: tuple[Finding, ...] = ()
    ended_answers: tuple[Answer, ...] = ()
    flapping: tuple[Flapping, ...] = ()
    demoted: tuple[Demotion, ...] = ()


def assemble(view: View, judged: Judged) -> Reconciliation:
    """Everything a report renders, out of the same view."""
    open_ = open_items(view)
    proposed = proposals(view, open_)
    gate = Gate(view)
    burn_up, trend = pictures(view)
    return Reconciliation(
        run_id=judged.run.id,
        program=view.policy.program,
        at=judged.run.at,
        as_of=view.as_of,
        time_zone=view.policy.time_zone,
        is_first=judged.previous is None,
        previous_at=judged.previous.at if judged.previous is not None else None,
        findings=judged.findings,
        resolved=judged.resolved,
        milestones=_lines(view, gate),
        questions=questions(view, proposed),
        not_checked=judged.not_checked,
        certificates=tuple(
            Certificate(
                connection=one.connection,
                scope=one.scope_key,
                stream=one.stream,
                outcome=one.outcome,
                reason=one.reason,
                fresh_at=one.fresh_at,
                remote_count=one.remote_count,
                local_count=one.local_count,
                unreadable=one.unreadable,
                history_gaps=one.history_gaps,
            )
            for one in view.coverage.in_force
        ),
        hygiene=(*_hygiene(view, open_), *judged.run.told),
        inventory=_inventory(view, judged.findings),
        config_hash=judged.run.config_hash,
        mapping_version=judged.run.mapping_version,
        program_version=judged.run.program_version,
        restated=judged.restated,
        agreed=judged.agreed,
        suppressed=judged.suppressed,
        ended_answers=judged.ended_answers,
        flapping=judged.flapping,
        demoted=judged.demoted,
        burn_up=burn_up,
        trend=trend,
        forecast_skill=skill(view),
        detector_states={
            id_: one["state"] for id_, one in judged.run.coverage.items() if "state" in one
        },
        ending_tokens=tuple(
            one.sentence
            for one in ending(
                view.conn,
                view.as_of,
                {one.connection for one in view.coverage.in_force},
                known_at=view.rows_at,
            )
        ),
    )


def _lines(view: View, gate: Gate) -> tuple[MilestoneLine, ...]:
    """Judged milestones; a program milestone stands above its parts."""
    plans = view.plans()
    pieces = {
        plan.facts.key: one.pieces for plan, one in zip(plans, contents(view, plans), strict=True)
    }
    lines = [
        (key, replace(_line(view, plan, gate), tested=summary(view, pieces[key])))
        for plan in plans
        for key in [plan.facts.key]
    ]
    for one in program_plans(view):
        keys = {part.key for part in one.program.parts}
        mine = [pair for pair in lines if pair[0] in keys]
        first = lines.index(mine[0]) if mine else len(lines)
        held = [
            f"{part.connection}/{part.name}: {part.withheld}"
            for _, part in mine
            if part.withheld and part.baseline_at is not None and part.baseline_at <= view.as_of
        ]
        inside = {
            piece.change.pair: piece
            for part in one.program.parts
            for piece in pieces.get(part.key, ())
        }
        line = replace(_program_line(view, one, held), tested=summary(view, inside.values()))
        program = ((NO_CONNECTION, MilestoneKind.PROGRAM, one.program.name), line)
        after = [pair for pair in lines[first:] if pair[0] not in keys]
        lines = [*lines[:first], program, *mine, *after]
    before = weeks_ago(view, [key for key, line in lines if line.forecast is not None])
    return tuple(replace(line, before=before.get(key)) for key, line in lines)


def _program_line(view: View, one: ProgramPlan, held: Sequence[str]) -> MilestoneLine:
    """All parts together. `held`: why numbers of its parts are withheld."""
    withheld = one.withheld or next(iter(held), None)
    return MilestoneLine(
        connection="",
        kind=MilestoneKind.PROGRAM,
        source_id=one.program.name,
        name=one.program.name,
        project_key=None,
        state=one.state,
        start_date=one.start_date,
        due_date=one.due_date,
        former_due_dates=(),
        done_items=sum(1 for leaf in one.leaves.values() if leaf.done),
        total_items=len(one.leaves),
        unestimated_items=sum(1 for leaf in one.leaves.values() if leaf.points is None),
        baseline_rule="first_of_its_parts" if one.baseline_at is not None else None,
        baseline_at=one.baseline_at,
        baseline_accepted=one.accepted,
        ledger=_program_summary(view, one) if withheld is None else None,
        withheld=withheld,
        parts=tuple(part_name(part) for part in one.program.parts),
        forecast=_forecast(view, (NO_CONNECTION, MilestoneKind.PROGRAM, one.program.name)),
    )


def _program_summary(view: View, one: ProgramPlan) -> LedgerSummary | None:
    ledger = one.ledger
    if ledger is None:
        return None
    told = sums(view, one)
    return LedgerSummary(
        unit=ledger.unit.value,
        baseline=ledger.baseline,
        added=told.added,
        removed=told.removed,
        reestimated=told.reestimated,
        late_sized=told.late_sized,
        current=ledger.current,
        balanced=ledger.balanced,
        net_ratio=net_known(ledger) if one.percent_allowed and ledger.balanced else None,
        entered_items=len(ledger.entered),
        left_items=len(ledger.left),
        added_by_origin=told.by_origin,
        added_agreed=told.agreed,
        removed_by_destination=told.by_destination,
        churn_ratio=churn(ledger) if one.percent_allowed and ledger.balanced else None,
    )


def _line(view: View, plan: Plan, gate: Gate) -> MilestoneLine:
    facts = plan.facts
    moves = due_moves(facts)
    withheld = plan.withheld or gate.reason(net.DETECTOR, facts.connection_id, facts.subject)
    ledger = plan.ledger
    if withheld is not None and ledger is not None and ledger.balanced:
        ledger = None
    if withheld is None and plan.mass:
        items = {id_ for one in plan.mass for id_ in one.items}
        withheld = (
            f"{count(len(items), 'item')} changed in one go: percentages wait until somebody "
            "confirms that this was meant"
        )
    return MilestoneLine(
        connection=facts.connection,
        kind=facts.kind,
        source_id=facts.source_id,
        name=facts.name,
        project_key=facts.project_key,
        state=facts.state,
        start_date=facts.start_date,
        due_date=facts.due_date,
        former_due_dates=tuple(move.old for move in moves),
        done_items=sum(1 for one in plan.leaves.values() if one.done),
        total_items=len(plan.leaves),
        unestimated_items=sum(1 for one in plan.leaves.values() if one.points is None),
        baseline_rule=plan.baseline.rule.value if plan.baseline is not None else None,
        baseline_at=plan.baseline.at if plan.baseline is not None else None,
        baseline_accepted=plan.baseline.accepted if plan.baseline is not None else False,
        ledger=_summary(view, plan, ledger) if ledger is not None else None,
        withheld=withheld,
        url=facts.url,
        original_at=plan.original.at if plan.original is not None else None,
        original_accepted=plan.original is not None and plan.original.accepted,
        original=_since_original(view, plan, ledger),
        forecast=_forecast(view, facts.key),
    )


def _forecast(view: View, key: Key) -> ForecastSummary | None:
    one = forecasts(view).get(key)
    if one is None:
        return None
    said = one.made if one.silent is None else None
    need = one.need if one.not_checked is None else None
    return ForecastSummary(
        p50=said.p50 if said else None,
        p70=said.p70 if said else None,
        p85=said.p85 if said else None,
        p_on_time=said.p_on_time if said else None,
        silent=one.silent,
        out_of_reach=need is not None and need.required is not None and need.is_out_of_reach,
        proven=proof(view.conn, view.known_at).whole,
    )


def _since_original(view: View, plan: Plan, current: Ledger | None) -> LedgerSummary | None:
    """The scope since B0, in the unit of the ledger that it stands beside."""
    if plan.original is None or current is None:
        return None
    ledger = ledger_of(
        plan.container,
        plan.original,
        view.calendar,
        grace_days=view.policy.grace_days,
        at=view.as_of,
        unit=current.unit,
    )
    return _summary(view, replace(plan, baseline=plan.original), view.netted(plan, ledger))


def _summary(view: View, plan: Plan, ledger: Ledger) -> LedgerSummary:
    moved = {
        line.item_id for line in ledger.lines if line.kind in (LineKind.ADDED, LineKind.REMOVED)
    }
    due = view.due(plan.facts)
    facts = view.origins(plan, moved)
    explained = explain(ledger, facts, due)
    ledger = explained.ledger
    agreed = growth(ledger, {id_: one.since for id_, one in plan.agreed.items()}).agreed
    told = plan.percent_allowed and ledger.balanced
    return LedgerSummary(
        unit=ledger.unit.value,
        baseline=ledger.baseline,
        added=ledger.added,
        removed=ledger.removed,
        reestimated=ledger.reestimated,
        late_sized=ledger.late_sized,
        current=ledger.current,
        balanced=ledger.balanced,
        net_ratio=net_known(ledger) if told else None,
        entered_items=len(ledger.entered),
        left_items=len(ledger.left),
        added_by_origin=explained.by_origin,
        added_agreed=agreed,
        removed_by_destination=by_destination(ledger, facts, due, fixed_date=plan.fixed_date),
        churn_ratio=churn(ledger) if told else None,
    )


def _hygiene(view: View, open_: Mapping[Key, int]) -> tuple[str, ...]:
    number = left_over(view, open_)
    if not number:
        return ()
    return (
        f"{count(number, 'other milestone')} {verb(number, 'is', 'are')} open and not judged: "
        "close what is over.",
    )


def _inventory(view: View, findings: Sequence[Finding]) -> Mapping[str, Any]:
    items = view.items
    number = view.conn.execute(sa.select(sa.func.count()).select_from(items)).scalar_one()
    ages = Counter(_age(view, one) for one in findings)
    return {
        "work_items": number,
        "projects": len(view.projects),
        "milestones": len(view.judged),
        "open_milestones": sum(1 for one in view.milestones.values() if one.state.is_open),
        "findings": dict(sorted(Counter(one.detector for one in findings).items())),
        "ages": {name: ages[name] for name in _AGES if ages[name]},
    }


_AGES = ("under a week", "under a month", "older", "of unknown age")


def _age(view: View, finding: Finding) -> str:
    """How long the trouble is there, by the oldest dated proof."""
    known = [one.at for one in finding.evidence if one.at is not None]
    if not known:
        return _AGES[3]
    age = view.as_of - min(known)
    if age < timedelta(days=7):
        return _AGES[0]
    return _AGES[1] if age < timedelta(days=30) else _AGES[2]
