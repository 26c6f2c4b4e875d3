"""Tags with their releases, and deployments."""

from collections.abc import Collection, Iterable
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from mappings.code_records import Deployment, Release
from sync.store import entities
from sync.store.bulk import hashed
from sync.store.page import PRESENCE, Page, same
from sync.store.tables_code import deployment, release

_RELEASE = (
    "scope_id",
    "source_id",
    "tag",
    "sha",
    "name",
    "release_id",
    "is_draft",
    "is_prerelease",
    "created_at",
    "published_at",
    "url",
)
_DEPLOYMENT = (
    "source_id",
    "scope_id",
    "sha",
    "ref",
    "environment",
    "state",
    "raw_state",
    "created_at",
    "finished_at",
    "url",
)
_get = attrgetter(*_RELEASE)


def write(page: Page, records: Iterable[Release]) -> None:
    """Tags and releases; one that was gone is there again."""
    mine = {(one.scope_id, one.source_id): _get(one) for one in records}
    known = {
        row[:2]: row
        for row in page.known(
            release, ("scope_id", "source_id", "content_hash", "gone_at"), {id_ for _, id_ in mine}
        )
    }
    rows: list[tuple[Any, ...]] = []
    for key, raw in mine.items():
        values, digest = hashed(raw)
        held = known.get(key)
        if held is None or not same(held[2], digest) or page.is_back(held[3]):
            rows.append((page.connection_id, *values, page.now, None, None, digest))
    columns = ("connection_id", *_RELEASE, *PRESENCE)
    page.rows += page.upsert(release, columns, (*_RELEASE[2:], *PRESENCE[1:]), rows)


def write_listing(page: Page, scope_id: str, ids: Collection[str]) -> None:
    """Of a complete listing of a repository's tags, what it does not name is gone."""
    c = release.c
    present = page.conn.execute(
        sa.select(c.source_id).where(
            c.connection_id == page.connection_id, c.scope_id == scope_id, c.gone_at.is_(None)
        )
    ).scalars()
    page.rows += page.update(
        release,
        ("gone_at", "gone_reason"),
        ("connection_id", "scope_id", "source_id"),
        [
            (page.now, "deleted", page.connection_id, scope_id, id_)
            for id_ in sorted(set(present) - set(ids))
        ],
    )


def write_deployments(page: Page, records: Iterable[Deployment]) -> None:
    """Deployments; listings of them are cut, so not being named proves nothing."""
    entities.write_simple(page, deployment, _DEPLOYMENT, records)
