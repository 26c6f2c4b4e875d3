"""Where an addition came from: the first answer that fits."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mappings.vocabulary import ItemType, Priority
from sync.ledger.ledger import Line, LineKind
from sync.ledger.origin import OriginFacts, OriginKind, origin

BASE = datetime(2026, 3, 2, tzinfo=UTC)
DUE = datetime(2026, 3, 31, tzinfo=UTC)
LINE = Line(BASE + timedelta(days=9), "a", LineKind.ADDED, 1.0, "entered")
NEW = OriginFacts(BASE + timedelta(days=8), ItemType.FEATURE, Priority.MEDIUM, None)
EARLIER = (BASE - timedelta(days=20), BASE - timedelta(days=1))
LATER = (BASE - timedelta(days=20), DUE + timedelta(days=30))
OLD = {"created_at": BASE - timedelta(days=1)}
DEFECT = {"item_type": ItemType.DEFECT, "linked": frozenset({"p"})}


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, OriginKind.NEW),
        ({"elsewhere": (EARLIER,)}, OriginKind.CARRY_OVER),
        ({"elsewhere": (LATER,)}, OriginKind.PULLED_IN),
        ({"elsewhere": (LATER, EARLIER)}, OriginKind.CARRY_OVER),
        ({"elsewhere": ((LINE.at, EARLIER[1]),)}, OriginKind.NEW),
        (OLD, OriginKind.PULLED_IN),
        ({**OLD, "parent_id": "p"}, OriginKind.PULLED_IN),
        ({"parent_id": "p"}, OriginKind.SPLIT),
        ({"parent_id": "x"}, OriginKind.NEW),
        ({"split_with": frozenset({"p"})}, OriginKind.SPLIT),
        (DEFECT, OriginKind.DEFECT),
        ({**DEFECT, "linked": frozenset({"x"})}, OriginKind.NEW),
        ({"linked": frozenset({"p"})}, OriginKind.NEW),
        ({"priority": Priority.EXPEDITE}, OriginKind.EXPEDITE),
        ({**DEFECT, "priority": Priority.EXPEDITE}, OriginKind.DEFECT),
    ],
)
def test_origin(changes: dict[str, Any], kind: OriginKind) -> None:
    facts = replace(NEW, **changes)
    assert origin(LINE, facts, frozenset({"p"}), BASE, DUE) is kind


def test_a_parent_that_carries_its_work_again_is_a_split() -> None:
    assert origin(replace(LINE, reason="split"), NEW, frozenset(), BASE, DUE) is OriginKind.SPLIT
