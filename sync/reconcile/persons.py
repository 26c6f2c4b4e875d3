"""Persons as the configuration names them."""

import sqlalchemy as sa

from sync.reconcile.view import View
from sync.store.tables_judged import person_account


def persons_of(view: View) -> dict[tuple[int, str], str]:
    """(connection id, account id) -> person, as the view's instant knew it."""
    p = person_account.c
    rows = view.conn.execute(
        sa.select(p.connection_id, p.account_id, p.person).where(
            p.known_from <= view.known_at,
            sa.or_(p.known_to.is_(None), p.known_to > view.known_at),
        )
    )
    return {(row.connection_id, row.account_id): row.person for row in rows}
