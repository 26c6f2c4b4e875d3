"""Bring up to date what follows from all systems together: people, links and verdicts."""

from datetime import datetime

from sync.links import people
from sync.links import refresh as links
from sync.reconcile.contract import Policy
from sync.store.open import Store
from sync.verdict import refresh as verdicts


def derive(store: Store, policy: Policy, now: datetime) -> None:
    """Say whose account is whose, resolve references and judge what landed, in one transaction.

    `now` in UTC. An unchanged world writes nothing.
    """
    with store.writing() as conn:
        people.refresh(conn, now, policy.people)
        links.refresh(conn, now, policy.trackers)
        verdicts.refresh(conn, now)
