"""Carry out what a fence says: scopes that left, that came back, and that are lost."""

from collections.abc import Mapping
from typing import Any

from connectors.contract import Gone, GoneReason, ScopeRef
from connectors.registry import get as get_connector
from mappings.vocabulary import StatusCategory
from sync.engine import fence
from sync.engine import lease as leases
from sync.engine.bury import BURIED, bury, derive
from sync.engine.context import Context
from sync.engine.session import Session, normalizer
from sync.errors import ScopeHeld
from sync.store import holds, presence
from sync.store.holds import Hold
from sync.store.rows import Fate
from sync.store.writer import Writer

#: Rows per transaction.
_BATCH = 500


def settle(context: Context, session: Session) -> int:
    """Compare what is to be read with what was; `session.scopes` then says what can be read.

    What left a scope is `left_scope` with the reason and never deleted. Rows changed.
    """
    chosen = fence.fence(session.plan.options, get_connector(session.plan.kind).choosing)
    with context.store.reading() as conn:
        held = holds.held(conn, session.id)
        before = holds.definition(conn, session.id)
        once = holds.were_held(conn, session.id)
    judged = fence.judge(held, session.scopes, before, chosen)
    scopes = list(judged.scopes)
    rows, settled = 0, judged.settled
    leaving = [(one, fence.CONFIGURATION, "no longer in the configuration") for one in judged.left]
    unreadable = {one.source_id: one for one in judged.scopes if one.facts.get("error")}
    for one in judged.lost:
        if one.parent_id in unreadable:
            scopes.append(fence.without(one, unreadable[one.parent_id]))
            continue
        found = _whereabouts(session, one)
        fate = None if found is None else found.reason
        if found is not None and fate is GoneReason.LEFT_SCOPE:
            leaving.append((one, fence.ARCHIVED, found.detail))
        # That it is not listed may be a listing that failed: the source itself must miss it.
        elif fate is not None and one.kind == "board" and not _goes_on(context, session, one):
            leaving.append((one, fence.UNLISTED, "no longer listed, and nothing in it goes on"))
        else:
            scopes.append(fence.out_of_sight(one, found))
    for one, reason, detail in leaving:
        try:
            rows += _leave(context, session, one, reason, detail)
        except ScopeHeld:
            # Another run reads it still: the next one sees to it.
            settled = False
    mine = {(one.kind, one.id) for one in held}
    readable = [
        _hold(one) for one in scopes if not fence.is_unresolved(one) and not one.facts.get("error")
    ]
    for one in readable:
        if (one.kind, one.id) in once - mine:
            rows += _come_back(context, session, one)
    fresh = [one for one in readable if one.kind != "site" and one not in held]
    if fresh or (settled and before != dict(chosen.definition)):
        now = context.clock.now()
        with context.store.writing() as conn:
            holds.hold(conn, session.id, fresh, now)
            if settled and before != dict(chosen.definition):
                holds.define(conn, session.id, chosen.definition, now)
    session.scopes = tuple(scopes)
    return rows


def _goes_on(context: Context, session: Session, one: Hold) -> bool:
    with context.store.reading() as conn:
        return holds.goes_on(conn, session.id, one.id)


def _hold(scope: ScopeRef) -> Hold:
    return Hold(scope.kind, scope.source_id, scope.key, scope.parent_id)


def _whereabouts(session: Session, held: Hold) -> Gone | None:
    """What the connector says of a scope that it no longer lists; None if it cannot tell."""
    ask: Any = getattr(session.connector, "whereabouts", None)
    if ask is None:
        return None
    try:
        found = ask(ScopeRef(held.kind, held.id, held.key, parent_id=held.parent_id))
    except Exception:  # noqa: BLE001  # who cannot say where it is says nothing
        return None
    return found if isinstance(found, Gone) else None


def _leave(context: Context, session: Session, one: Hold, reason: str, detail: str) -> int:
    rows, categories = 0, _categories(context, session, one)
    lease = leases.acquire(
        context.store,
        session.id,
        one.kind,
        one.id,
        holder=context.holder,
        seconds=context.plan.lease_seconds,
        clock=context.clock,
    )
    try:
        fate = Fate(holds.LEFT, None, f"{one.kind} {one.key} is {detail}")
        for table in BURIED:
            with context.store.reading() as conn:
                ids = presence.present(conn, session.id, table, one.id)
            for start in range(0, len(ids), _BATCH):
                now = context.clock.now()
                with context.store.writing() as conn:
                    lease.check(conn)
                    writer = Writer(context.store, conn, session.id, now)
                    gone: Mapping[str, Fate] = dict.fromkeys(ids[start : start + _BATCH], fate)
                    bury(writer, conn, session.id, table, gone, categories, now)
                    rows += writer.rows
        now = context.clock.now()
        with context.store.writing() as conn:
            lease.check(conn)
            writer = Writer(context.store, conn, session.id, now)
            for kind in holds.entity_kinds(conn, session.id, one.id):
                writer.scope_entities(one.id, kind.value, ())
            rows += writer.rows
            rows += holds.leave(conn, session.id, one, reason, detail, now)
    finally:
        with context.store.writing() as conn:
            lease.release(conn)
    return rows


def _come_back(context: Context, session: Session, one: Hold) -> int:
    """What left with its scope is there again, until its streams say otherwise."""
    now, categories = context.clock.now(), _categories(context, session, one)
    with context.store.writing() as conn:
        revived = holds.come_back(conn, session.id, one.id, now)
        writer = Writer(context.store, conn, session.id, now)
        for table in BURIED:
            derive(writer, conn, session.id, table, revived[table.name], categories, now)
        return writer.rows + sum(len(ids) for ids in revived.values())


def _categories(context: Context, session: Session, one: Hold) -> Mapping[str, StatusCategory]:
    """What statuses mean there."""
    return normalizer(
        context.store, session.plan, session.id, session.identity.base_url, one.key, one.id
    ).categories
