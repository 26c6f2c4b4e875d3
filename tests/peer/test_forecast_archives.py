"""Public archives that the forecasts are tried on: what is read, what is left out and counted."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from benchmarks import forecast_sprints, forecast_tidev
from mappings.vocabulary import MilestoneKind
from sync.forecast import histories
from sync.ledger.working_days import WorkCalendar
from sync.store import schema
from sync.store.open import memory_store

AFTER = datetime(2024, 1, 1, tzinfo=UTC)


def test_rows_without_a_target_are_left_out_and_counted(peer_data: Path) -> None:
    found, left = forecast_sprints.rows(peer_data / "sprints")
    lines = [
        line
        for data in forecast_sprints.SETS
        for share in forecast_sprints.SHARES
        for line in (peer_data / "sprints" / f"{data}_iteration_{share}.csv")
        .read_text()
        .splitlines()[1:]
    ]
    assert len(found) + sum(left.values()) == len(lines)
    assert all(row.target > 0 and row.days > 0 for row in found)


def test_the_target_is_what_the_archive_means(peer_data: Path) -> None:
    """Target and difference come from one file; what was delivered is the same in all of them."""
    found, _ = forecast_sprints.rows(peer_data / "sprints")
    delivered: dict[object, dict[float, float]] = {}
    for row in found:
        delivered.setdefault(row.key, {})[row.share] = round(row.delivered * row.target, 3)
    whole = [one for one in delivered.values() if len(one) == len(forecast_sprints.SHARES)]
    assert len(whole) > 600
    alike = [one for one in whole if len(set(one.values())) == 1]
    assert len(alike) / len(whole) > SAME_DELIVERY


#: Share of the sprints of which all three files tell the same delivery.
SAME_DELIVERY = 0.9


@pytest.mark.full
def test_the_archive_becomes_an_ordinary_store(peer_data: Path) -> None:
    store = memory_store()
    left = forecast_tidev.fill(store, peer_data)
    assert left["issues of the first import"] == 3_737
    calendar = WorkCalendar()
    with store.reading() as conn:
        dues = conn.execute(
            sa.select(schema.milestone.c.due_date, schema.milestone.c.finished_at).where(
                schema.milestone.c.kind == MilestoneKind.VERSION.value
            )
        ).all()
        titles = set(conn.scalars(sa.select(schema.work_item.c.title)))
        keys = set(conn.scalars(sa.select(schema.work_item.c.key)))
        subjects, _ = histories.subjects(conn, calendar, AFTER, final=True, least_items=10)
    assert {tuple(one) for one in dues} == {(None, None)}, "no release date enters"
    assert titles == keys, "no text enters"
    versions = [one for one in subjects if one.key[1] is MilestoneKind.VERSION]
    assert len(versions) == 297
    assert sum(one.outcome is not None for one in versions) == 257
