"""In which order scopes are read: who has waited longest comes first."""

from collections.abc import Iterable

import sqlalchemy as sa

from connectors.contract import Mode, Outcome, ScopeRef
from sync.engine.session import Session
from sync.store import schema
from sync.store.open import Store

#: Runs looked back on; who was not read in any of them has waited longest.
_RUNS = 50
#: What is complete without a page was proven unchanged; child data may just have had no parents.
_LISTINGS = (Mode.SNAPSHOT.value, Mode.INCREMENTAL.value)


def longest_waiting_first(
    store: Store, sessions: Iterable[Session]
) -> list[tuple[Session, ScopeRef]]:
    """Scopes of all connections, those not read for long first, then by the run that last did.

    A run that ends early (its time box, a spent budget) thus leaves out others than the one before.
    Scopes of one run keep their configured order.
    """
    c = schema.sync_step.c
    did_read = sa.or_(
        c.pages > 0, sa.and_(c.outcome == Outcome.COMPLETE.value, c.mode.in_(_LISTINGS))
    )
    with store.reading() as conn:
        newest = conn.execute(sa.select(sa.func.max(c.run_id))).scalar() or 0
        last = {
            (row.connection_id, row.scope_kind, row.scope_id): row.run
            for row in conn.execute(
                sa.select(
                    c.connection_id, c.scope_kind, c.scope_id, sa.func.max(c.run_id).label("run")
                )
                .where(did_read, c.run_id > newest - _RUNS)
                .group_by(c.connection_id, c.scope_kind, c.scope_id)
            )
        }
    waiting = [(session, scope) for session in sessions for scope in session.scopes]
    waiting.sort(key=lambda one: last.get((one[0].id, one[1].kind, one[1].source_id), 0))
    return waiting
