"""Keep the rules that exempt changes as configured: whose they are, why, and until when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from sync.store.tables_judged import exemption_rule
from sync.verdict.exempt import Rule

_TOLD = ("kind", "owner", "reason", "expires_on")


def refresh(conn: sa.Connection, now: datetime, rules: Sequence[Rule]) -> None:
    """Close the rows of rules that are gone or changed, and insert those that are new. UTC."""
    c = exemption_rule.c
    held = {
        row.name: row for row in conn.execute(sa.select(exemption_rule).where(c.known_to.is_(None)))
    }
    wanted = {one.name: _values(one) for one in rules}
    changed = [
        name
        for name, row in held.items()
        if name not in wanted or any(getattr(row, key) != wanted[name][key] for key in _TOLD)
    ]
    for name in changed:
        mine = sa.and_(c.name == name, c.known_from == held[name].known_from)
        # A row known from and until one instant never was.
        if held[name].known_from >= now:
            conn.execute(sa.delete(exemption_rule).where(mine))
        else:
            conn.execute(sa.update(exemption_rule).where(mine).values(known_to=now))
    new = [one for name, one in wanted.items() if name in changed or name not in held]
    if new:
        conn.execute(sa.insert(exemption_rule), [{**one, "known_from": now} for one in new])


def _values(one: Rule) -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind.value,
        "owner": one.owner,
        "reason": one.reason,
        "expires_on": one.expires,
    }
