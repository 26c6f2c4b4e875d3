"""Bring up to date what follows from all systems together: people, links, verdicts and texts."""

from datetime import datetime

import sqlalchemy as sa

from mappings.vocabulary import MilestoneKind
from sync.forecast import calendar_rules
from sync.ledger import texts
from sync.links import people
from sync.links import refresh as links
from sync.reconcile import parts, teams
from sync.reconcile.contract import Policy
from sync.reconcile.view import View, calendar_of, calendars_of
from sync.store import schema
from sync.store.open import Store
from sync.verdict import exempt_rules
from sync.verdict import refresh as verdicts

#: The detector whose configuration says whether lines of descriptions are kept.
_OF_TEXTS = "scope.criteria"


def derive(store: Store, policy: Policy, now: datetime) -> None:
    """Say whose account is whose, resolve references, judge what landed, note what items ask for.

    In one transaction; `now` in UTC. An unchanged world writes nothing.
    """
    with store.writing() as conn:
        people.refresh(conn, now, policy.people)
        parts.refresh(conn, now, policy, calendar_of(policy))
        teams.refresh(conn, now, policy.teams)
        calendar_rules.refresh(conn, now, calendars_of(policy))
        links.refresh(conn, now, policy.trackers)
        exempt_rules.refresh(conn, now, policy.testing.rules)
        verdicts.refresh(conn, now, policy.testing)
        keep = policy.thresholds.get(_OF_TEXTS, {}).get("keep_lines", 0)
        texts.refresh(conn, now, _planned(conn, policy, now), keep_lines=bool(keep))


def _planned(conn: sa.Connection, policy: Policy, now: datetime) -> dict[int, set[str]]:
    """Items of the open milestones that are judged, by connection."""
    view = View(conn, policy, now, now)
    judged = [one for one in view.judged if one.state.is_open]
    found: dict[int, set[str]] = {}
    c = schema.scope_membership.c
    keys = {(one.connection_id, one.kind.value, one.source_id) for one in judged}
    rows = conn.execute(
        sa.select(c.connection_id, c.milestone_kind, c.milestone_id, c.member_id).where(
            c.connection_id.in_(sorted({connection_id for connection_id, _, _ in keys})),
            c.milestone_kind.in_(sorted({kind for _, kind, _ in keys})),
            c.milestone_id.in_(sorted({id_ for _, _, id_ in keys})),
            c.member_kind == "work_item",
            c.known_to.is_(None),
        )
    )
    for row in rows:
        if (row.connection_id, row.milestone_kind, row.milestone_id) in keys:
            found.setdefault(row.connection_id, set()).add(row.member_id)
    # Children of an epic are told by themselves, not by a membership.
    epics = [one for one in judged if one.kind is MilestoneKind.EPIC]
    for key, container in view.containers(epics).items():
        found.setdefault(key[0], set()).update(container.items)
    return found
