"""What a whole listing of a scope named, and what follows for that which it did not."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from connectors.contract import ScopeRef
from mappings.records import Milestone
from mappings.vocabulary import MilestoneKind
from sync.engine.commit import Batch
from sync.store import presence, schema
from sync.store.tables_code import release
from sync.store.writer import Writer

MILESTONE_KINDS = frozenset(kind.value for kind in MilestoneKind)
_OF_SITE = {"status": schema.status, "field": schema.field}

#: Ids by what they are listed as: a feed, or `held:` and a kind of milestone.
Listed = dict[str, set[str]]


def note(listed: Listed, found: Batch, scope: ScopeRef) -> None:
    """Add what a page named."""
    for name, ids in (
        ("status", [one.source_id for one in found.statuses]),
        ("field", [one.source_id for one in found.fields]),
        *((f"scope:{one.kind}", [one.source_id]) for one in found.scopes),
        *((_listed_as(one, scope), [one.source_id]) for one in found.milestones),
        ("release", [one.source_id for one in found.code.releases]),
    ):
        listed.setdefault(name, set()).update(ids)


def _listed_as(milestone: Milestone, scope: ScopeRef) -> str:
    """Its kind; milestones of another scope that this one holds (a group's) stand apart."""
    is_own = scope.kind == "board" or milestone.scope_id == scope.source_id
    return str(milestone.kind) if is_own else f"held:{milestone.kind}"


def misses(
    conn: sa.Connection,
    connection_id: int,
    scope: ScopeRef,
    feeds: Sequence[str],
    listed: Mapping[str, set[str]],
) -> bool:
    """Whether something that we hold of this scope was not named."""
    mine = scope.source_id
    for feed in feeds:
        ids = listed.get(feed, set())
        if feed in _OF_SITE:
            held = presence.there(conn, connection_id, _OF_SITE[feed])
        elif feed in MILESTONE_KINDS:
            of_others = listed.get(f"held:{feed}", set())
            if scope.kind == "board":
                of_others, ids = ids, set()
            if presence.of_scope(conn, connection_id, mine, feed) - of_others:
                return True
            m = schema.milestone.c
            held = presence.there(
                conn, connection_id, schema.milestone, m.scope_id == mine, m.kind == feed
            )
            held = set() if scope.kind == "board" else held
        elif feed == "release":
            held = presence.there(conn, connection_id, release, release.c.scope_id == mine)
        else:
            continue
        if held - ids:
            return True
    return False


def sweep(writer: Writer, scope: ScopeRef, feeds: Sequence[str], listed: Listed) -> None:
    """Mark what complete listings of this scope no longer name."""
    mine = scope.source_id
    for feed in feeds:
        ids = listed.get(feed, set())
        if feed in _OF_SITE:
            writer.listing(feed, None, ids)
        elif feed in MILESTONE_KINDS and scope.kind == "board":
            writer.scope_entities(mine, feed, ids)
        elif feed in MILESTONE_KINDS:
            writer.listing(feed, mine, ids)
            writer.scope_entities(mine, feed, listed.get(f"held:{feed}", set()))
        elif feed == "release":
            writer.code.release_listing(mine, ids)
