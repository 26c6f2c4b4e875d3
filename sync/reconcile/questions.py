"""What only a person can confirm: at most three questions, each with the line that answers it."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

import sqlalchemy as sa

from sync.ledger.mass_edit import PRESENCE
from sync.pasted import shell, toml
from sync.reconcile import changes, program
from sync.reconcile.contract import Policy, Question
from sync.reconcile.propose import Proposal
from sync.reconcile.view import Plan, View
from sync.reconcile.words import count, day_of, verb
from sync.store import schema

#: Never more at a time (defaults.md).
AT_MOST = 3
#: In this time a repository must have moved to be asked about.
LATELY = timedelta(days=30)
#: A path that needs no quotes.
_PLAIN = re.compile(r"[\w./-]+")
#: Milestones named in one question.
NAMED = 5


def questions(view: View, proposed: Sequence[Proposal]) -> tuple[Question, ...]:
    """The most useful ones first: names that mean nothing, edits to confirm, baselines, choices."""
    found = [
        *_unclear_names(view),
        *_choice(view.policy, proposed),
        *_mass_edits(view.plans()),
        *_baselines(view),
        *_programs(view),
        *_tests(view),
        *_unmapped(view),
    ]
    return tuple(found[:AT_MOST])


def _unclear_names(view: View) -> Iterable[Question]:
    judged = {named.text for named in view.names}
    fixed = [named for named in view.fixed_date_names if named.text not in judged]
    for option, named in (*(("judge", n) for n in view.names), *(("fixed_date", n) for n in fixed)):
        if len(named.matches) == 1:
            continue
        if named.matches:
            lines = sorted({one.line for one in named.matches})
            yield Question(
                f'{len(named.matches)} milestones are called "{named.text}". Which one is meant?',
                f"[milestones] {option} = [{_listed(lines)}]",
            )
        else:
            close = f" Close to it: {_listed(named.close)}." if named.close else ""
            answer = _listed(named.close[:1] or ("PROJECT:name",))
            yield Question(
                f'No milestone is called "{named.text}". What is its name now?{close}',
                f"[milestones] {option} = [{answer}]",
            )


def _choice(policy: Policy, proposed: Sequence[Proposal]) -> Iterable[Question]:
    if policy.judge or not proposed:
        return
    named = [one.line for one in proposed[:NAMED]]
    more = len(proposed) - len(named)
    rest = f", and {count(more, 'more milestone')}" if more > 0 else ""
    whys = "; ".join(f"{one.line} ({one.why})" for one in proposed[:NAMED])
    yield Question(
        f"Which milestones should be judged? Open and near: {whys}{rest}.",
        f"[milestones] judge = [{_listed(named)}]",
    )


def _mass_edits(plans: Iterable[Plan]) -> Iterable[Question]:
    """One act is one question, in however many milestones it shows."""
    groups: list[tuple[set[tuple[int, str]], set[str], list[Plan]]] = []
    for plan in plans:
        if not plan.mass:
            continue
        items = {(plan.facts.connection_id, id_) for one in plan.mass for id_ in one.items}
        fields = {one.field for one in plan.mass}
        mine = [group for group in groups if group[0] & items]
        for group in mine:
            groups.remove(group)
            items |= group[0]
            fields |= group[1]
        groups.append((items, fields, [*(one for group in mine for one in group[2]), plan]))
    for items, fields, held in groups:
        number = count(len(items), "item")
        names = " and ".join(one.facts.name for one in held)
        did = "changed in one go"
        if fields == {PRESENCE}:
            did = f"{verb(len(items), 'is', 'are')} gone at once: deleted, moved or hidden"
        lines = " ".join(shell(one.facts.line) for one in held)
        yield Question(
            f"{number} of {names} {did}. Was that meant? Percentages wait for the answer.",
            f"driftline baseline accept {lines}",
        )


def _baselines(view: View) -> Iterable[Question]:
    waiting = [
        plan
        for plan in view.plans()
        if plan.facts.state.is_open
        and plan.baseline is not None
        and not plan.baseline.accepted
        and not plan.mass
    ]
    waiting.sort(
        key=lambda plan: (plan.facts.due_date is None, plan.facts.due_date, plan.facts.line)
    )
    for plan in waiting:
        assert plan.baseline is not None
        yield Question(
            f"Was {plan.facts.name} planned as it stood on "
            f"{day_of(plan.baseline.at, view.calendar)} ({_RULES[plan.baseline.rule.value]})?",
            f"driftline baseline accept {shell(plan.facts.line)}",
        )


_RULES = {
    "explicit": "set by hand",
    "activation": "the day it was started",
    "start_date": "its start date",
    "inferred": "the first day it held three items",
    "observed": "the first time it was read",
}


def _programs(view: View) -> Iterable[Question]:
    """Milestones of a judged one's name in other places: one promise, perhaps."""
    judged = {one.key for one in view.judged}
    for one in program.suggestions(view):
        if judged.intersection(part.key for part in one.parts):
            yield Question(one.question, one.command)


def _tests(view: View) -> Iterable[Question]:
    """Repositories in which changes landed lately and nobody said which checks are tests."""
    confirmed = changes.confirmed(view)
    landed = changes.landed(view, view.as_of - LATELY)
    numbers = Counter((one.connection_id, one.scope_id) for one in landed.values())
    waiting = [
        (-number, changes.path(view, repository))
        for repository, number in numbers.items()
        if repository not in confirmed
    ]
    for number, path in sorted(waiting):
        yield Question(
            f"Which checks of {path} are tests? {count(-number, 'change')} landed there in the "
            "last 30 days, and until you say so nobody else hears of untested ones.",
            f"driftline tests {path if _PLAIN.fullmatch(path) else shell(path)}",
        )


def _unmapped(view: View) -> Iterable[Question]:
    c = view.rows(schema.data_issue).c
    rows = view.conn.execute(
        sa.select(c.kind, c.raw_value, c.message)
        .where(
            c.kind.like("unmapped-%"),
            c.first_seen_at <= view.known_at,
            sa.or_(c.gone_at.is_(None), c.gone_at > view.known_at),
        )
        .order_by(sa.case((c.kind == "unmapped-status", 0), else_=1), c.kind, c.raw_value)
    ).all()
    if not rows:
        return
    first = rows[0]
    what = first.kind.removeprefix("unmapped-").replace("_", " ")
    more = ""
    if len(rows) > 1:
        more = f" {count(len(rows) - 1, 'more value')} {verb(len(rows) - 1, 'waits', 'wait')} too."
    _, _, line = first.message.partition("mapping file: ")
    yield Question(
        f'What does the {what} "{first.raw_value}" mean?{more}', line or "driftline mapping lint"
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(toml(name) for name in names)
