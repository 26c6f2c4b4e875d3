"""Histories recorded by jirametrics: status by status, and sprints."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.normalized import Normalized, normalized
from support.peer import jirametrics

from mappings.records import FieldEvent
from mappings.vocabulary import EventField, HistoryState, StatusCategory

SAMPLES = ("complete_sample", "testdata")


def recorded(peer_data: Path, sample: str) -> Iterator[dict[str, Any]]:
    for file in sorted((peer_data / "jirametrics" / sample).rglob("SP-*.json")):
        yield json.loads(file.read_text(encoding="utf-8"))


@pytest.fixture(params=SAMPLES)
def sample(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def made(peer_data: Path, sample: str) -> Normalized:
    return normalized(jirametrics(peer_data, sample))


def test_every_item_of_every_history(made: Normalized, peer_data: Path, sample: str) -> None:
    total = 0
    for raw in recorded(peer_data, sample):
        events = {one.source_event_id: one for one in made.histories[raw["id"]].events}
        for entry in raw["changelog"]["histories"]:
            for index, item in enumerate(entry["items"]):
                event = events.pop(f"{entry['id']}.{index}")
                total += 1
                assert event.raw_field == item["field"]
                assert event.at == datetime.fromisoformat(entry["created"]).astimezone(UTC)
                assert event.actor_id == entry["author"]["accountId"]
                if event.field in (EventField.STATUS, EventField.RESOLUTION, EventField.PRIORITY):
                    assert event.old_ids == ((item["from"],) if item["from"] else ())
                    assert event.new_ids == ((item["to"],) if item["to"] else ())
        assert events == {}
    assert total == {"complete_sample": 24, "testdata": 33}[sample]


def test_histories_lead_from_status_to_status_to_the_present(made: Normalized) -> None:
    for id_, item in made.items.items():
        events = [one for one in made.histories[id_].events if one.field is EventField.STATUS]
        chain = sorted(events, key=_order)
        for before, after in pairwise(chain):
            assert before.new_ids == after.old_ids
        if chain:
            assert chain[-1].new_ids == (item.raw_status_id,)


def _order(event: FieldEvent) -> tuple[datetime, int, int]:
    entry, _, index = event.source_event_id.partition(".")
    return event.at, int(entry), int(index)


def test_every_status_of_a_history_is_known(made: Normalized) -> None:
    for history in made.histories.values():
        for event in history.events:
            if event.field is EventField.STATUS:
                for id_ in (*event.old_ids, *event.new_ids):
                    assert made.statuses[id_].category is not StatusCategory.UNKNOWN
    assert made.issues == []


def test_a_status_named_review_waits_for_review(made: Normalized) -> None:
    review = next(one for one in made.statuses.values() if one.raw_name == "Review")
    assert review.category is StatusCategory.IN_REVIEW
    assert review.code_complete


def test_inline_histories_are_as_whole_as_those_asked_for(
    made: Normalized, peer_data: Path, sample: str
) -> None:
    """Served inside the issue, as Data Center does, they give the same events."""
    whole = jirametrics(peer_data, sample)
    inline = normalized(
        type(whole)(
            name="inline",
            cloud=False,
            projects=whole.projects,
            issues=tuple(recorded(peer_data, sample)),
            fields=whole.fields,
            statuses=whole.statuses,
        )
    )
    assert {one.history for one in inline.items.values()} == {HistoryState.COMPLETE}
    assert {id_: one.events for id_, one in inline.histories.items()} == {
        id_: one.events for id_, one in made.histories.items()
    }
