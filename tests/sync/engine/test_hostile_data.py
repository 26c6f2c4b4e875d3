"""What vendors hold and no honest program wrote: each row is kept, only what makes no sense is not.

The simulator plants it and says what is right.
"""

import random
from collections.abc import Sequence

import pytest
import sqlalchemy as sa
from support.sites import Site, each, site

from connectors.contract import Outcome
from connectors.simulator.hostile import Planted, hostile_values

pytestmark = pytest.mark.full_on_postgres


def planted(at: Site) -> list[Planted]:
    found = hostile_values(at.world, random.Random(3))
    return [one for one in found if one.system == at.kind]


def wrong(at: Site, planted: Sequence[Planted]) -> list[tuple[Planted, object]]:
    """What is stored otherwise than it should be, or not told."""
    found: list[tuple[Planted, object]] = []
    with at.store.reading() as conn:
        for one in planted:
            named = "name" if one.table == "milestone" else "source_id"
            query = f"SELECT {one.column} FROM {one.table} WHERE {named} = :id"
            held = [row[0] for row in conn.execute(sa.text(query), {"id": one.id})]
            if [str(value) for value in held] != [str(one.expected)]:
                found.append((one, held))
            if one.told is not None:
                query = "SELECT count(*) FROM data_issue WHERE raw_value = :raw AND gone_at IS NULL"
                if not conn.execute(sa.text(query), {"raw": one.told}).scalar_one():
                    found.append((one, "not told"))
    return found


@pytest.mark.full
@each("jira-cloud", "gitlab-rest")
def test_it_is_read_on_both_databases(name: str, store_url: str) -> None:
    """B45, B47, B50, B51, B54, B55, B56, B58: null people, U+0000, half pairs, mad dates, 5 MB."""
    with site(name, store_url) as at:
        expected = planted(at)
        result = at.sync()
        assert result.outcome is Outcome.COMPLETE, result.problems
        assert wrong(at, expected) == []
        at.later(minutes=30)
        assert at.sync().rows_written == 0


@pytest.mark.full
@each()
def test_it_may_come_later(name: str, tmp_path: object) -> None:
    """What was read as something sensible becomes unknown, and the row stays."""
    with site(name, f"{tmp_path}/store.db") as at:
        assert at.sync().outcome is Outcome.COMPLETE
        at.later(hours=1)
        expected = planted(at)
        at.later(minutes=5)
        result = at.sync()
        assert result.outcome is Outcome.COMPLETE, result.problems
        assert wrong(at, expected) == []
