"""Flow on both databases, and in the past: what is learnt later changes nothing of then."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from support import cases, code_rows

from sync.reconcile.contract import Found, NotChecked, Policy
from sync.reconcile.detectors.flow import aging, blocked, concentration, stalled_change, wip
from sync.reconcile.registry import thresholds
from sync.reconcile.view import View
from sync.store import past, schema
from sync.store import tables_code as code
from sync.store.open import open_store

pytestmark = pytest.mark.full_on_postgres

NOW = datetime(2026, 3, 16, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=10)
ALL = (aging, blocked, concentration, stalled_change, wip)


def begun(day: datetime, **more: Any) -> dict[str, Any]:
    """Since when it is in progress."""
    return {"status": "in_progress", "since": {"status": "todo", "at": day}, **more}


DATA: dict[str, Any] = {
    "now": NOW,
    "judge": ["APO:R1"],
    "milestones": [{"id": "v1", "name": "R1", "due": datetime(2026, 5, 29).date()}],
    "usual": {"feature": [[17, 5], [1, 6], [1, 7], [1, 9]]},
    "items": [
        {"id": 1, "in": ["v1"], **begun(datetime(2026, 3, 2, 9, tzinfo=UTC), assignee="u1")},
        {"id": 2, "in": ["v1"], **begun(datetime(2026, 3, 4, 9, tzinfo=UTC), assignee="u2")},
        {"id": 3, **begun(datetime(2026, 3, 13, 9, tzinfo=UTC), assignee="u3")},
        {"id": 4},
    ],
    "links": [{"from": 4, "to": 2, "kind": "blocks"}],
    "landed": [[20, 3, 40]],
    "landed_by": ["u1", "u1", "u1", "u2", "u3"],
    "changes": [
        {"id": 9, "lines": 30, "created": datetime(2026, 3, 2, 9, tzinfo=UTC), "reviews": []},
        {"id": 10, "lines": 30, "created": datetime(2026, 3, 4, 9, tzinfo=UTC), "reviews": []},
    ],
    "derive": False,
}
POLICY = Policy(judge=("APO:R1",), thresholds={"flow.wip": {"limit": 2}})


def told(view: View) -> list[tuple[Any, ...]]:
    """What all detectors of flow find, as far as it is stored."""
    return sorted(
        line
        for one in ALL
        for line in _lines(one.DETECTOR.detect(view, thresholds(one.DETECTOR, POLICY)), one.ID)
    )


def _lines(results: Iterable[Found | NotChecked], id_: str) -> Iterable[tuple[Any, ...]]:
    for one in results:
        if isinstance(one, Found):
            proofs = tuple(proof.text for proof in one.evidence)
            yield (id_, one.subject, one.rule, one.severity.value, one.magnitude, str(proofs))
        else:
            yield (id_, one.subject, "", "not checked", 0.0, one.reason)


def test_what_is_learnt_later_changes_nothing_of_then(store_url: str) -> None:
    """Everything ends after the instant: work is done, changes land, the flag is told late."""
    store = open_store(store_url)
    with store.writing() as conn:
        cases.fill(conn, DATA)
    with store.reading() as conn:
        before = told(View(conn, POLICY, NOW, NOW))
    with store.writing() as conn:
        _later(conn)
    with store.reading() as conn:
        after = told(View(conn, POLICY, LATER, LATER))
        then = told(View(conn, POLICY, NOW, NOW, present=False))
    store.close()
    assert {line[0] for line in before} == {one.ID for one in ALL}
    assert then == before
    assert after != before


def _later(conn: sa.Connection) -> None:
    w, c = schema.work_item, code.change_request
    past.keep_ids(conn, w, cases.CONNECTION, ["1", "2", "3"], LATER)
    conn.execute(
        sa.update(w)
        .where(w.c.source_id.in_(["1", "2", "3"]))
        .values(status_category="done", raw_status_id="done", done_at=LATER, assignee_id="u9")
    )
    rows = [
        ("status", "in_progress", "done", None, LATER - timedelta(hours=1)),
        # It happened before, and nobody knew.
        ("flag", None, None, "Impediment", NOW - timedelta(days=9)),
    ]
    for number, (field, old, new, text, at) in enumerate(rows):
        for id_ in ("1", "2", "3"):
            conn.execute(
                sa.insert(schema.field_event).values(
                    connection_id=cases.CONNECTION,
                    work_item_id=id_,
                    source_event_id=f"{id_}.9{number}",
                    known_from=LATER,
                    field=field,
                    raw_field=field,
                    at=at,
                    old_ids=old,
                    new_ids=new,
                    new_text=text,
                    is_delta=False,
                    origin="source",
                )
            )
    past.keep_ids(conn, c, code_rows.HUB, ["c9", "c10"], LATER)
    conn.execute(
        sa.update(c)
        .where(c.c.source_id.in_(["c9", "c10"]))
        .values(state="merged", merged_at=LATER, updated_at=LATER, additions=9000)
    )
    conn.execute(
        sa.update(schema.link).where(schema.link.c.to_id == "2").values(withdrawn_at=LATER)
    )
