"""The view of evidence by ticket says what the roll-up says, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from support import cases

from sync.reconcile.evidence_rate import WEAKEST, weakest
from sync.store.open import open_store
from sync.verdict.names import Verdict

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)

pytestmark = pytest.mark.full_on_postgres


def test_weakest_of_every_pair(store_url: str) -> None:
    """A ticket for each pair of verdicts; the view and the roll-up name the same one."""
    pairs = [(first, second) for first in WEAKEST for second in WEAKEST]
    changes, said, items = [], {}, []
    for number, pair in enumerate(pairs):
        items.append({"id": number + 1})
        for place, verdict in enumerate(pair):
            id_ = number * 2 + place + 1
            changes.append(
                {
                    "id": id_,
                    "merged": NOW - timedelta(hours=id_),
                    "lines": 3,
                    "refs": [{"target": f"APO-{number + 1}"}],
                }
            )
            said[str(id_)] = {"verdict": verdict.value}
    store = open_store(store_url)
    try:
        with store.writing() as conn:
            cases.fill(conn, {"now": NOW, "items": items, "changes": changes, "said": said})
        with store.reading() as conn:
            rows = conn.execute(sa.text("SELECT * FROM v_test_evidence")).mappings().all()
    finally:
        store.close()
    found = {row["key"]: row for row in rows}
    assert len(found) == len(pairs)
    for number, pair in enumerate(pairs):
        row = found[f"APO-{number + 1}"]
        assert Verdict(row["weakest"]) is weakest(pair)
        assert (row["changes"], row["lines"]) == (2, 6)
        assert row["tested"] == sum(one.says_tested for one in pair)
        assert row["unknown"] == sum(one is Verdict.UNKNOWN for one in pair)
