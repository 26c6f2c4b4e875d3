"""What is said beside the sums of a scope."""

from support.histories import at, item

from mappings.vocabulary import MilestoneKind, MilestoneState, StatusCategory
from sync.ledger.ledger import Unit, compute
from sync.ledger.load import Container
from sync.ledger.milestones import MilestoneFacts
from sync.ledger.timeline import ItemHistory
from sync.ledger.working_days import WorkCalendar
from sync.reconcile.notes import notes

DONE, TODO = StatusCategory.DONE, StatusCategory.TODO


def told(*items: ItemHistory, started: float = 0, until: float = 20) -> tuple[str, ...]:
    """The sprint was to start on a Monday, day 0, and was finished on day 14."""
    facts = MilestoneFacts(
        connection_id=1,
        connection="jira",
        kind=MilestoneKind.SPRINT,
        source_id="s1",
        name="Sprint 1",
        state=MilestoneState.CLOSED,
        scope_id="b1",
        project_key="APO",
        start_date=at(0).date(),
        due_date=at(14).date(),
        started_at=at(started),
        finished_at=at(14),
        url=None,
        first_seen_at=at(-30),
    )
    ledger = compute(items, since=at(started), counted_from=at(started), at=at(14), unit=Unit.ITEMS)
    container = Container(facts, {}, {one.id: one for one in items})
    return notes(container, ledger, WorkCalendar(), at(until))


def test_nothing_odd_is_not_told() -> None:
    assert told(item("a", (-1, None), status=(TODO, (5, DONE)))) == ()


def test_when_it_was_started() -> None:
    assert told(started=1) == ("It was started 1 working day late.",)
    assert told(started=-4) == ("It was started 2 working days early.",)


def test_work_that_is_counted_elsewhere() -> None:
    away = item("a", (-1, 3), status=(TODO, (5, DONE)))
    assert told(away) == ("1 item that left was done elsewhere.",)
    back = [item(id_, (-1, None), status=(TODO, (5, DONE), (16, TODO))) for id_ in "bc"]
    sentence = (
        "2 items that were done in it were reopened after its end: that work belongs to where it "
        "is now."
    )
    assert told(away, *back) == ("1 item that left was done elsewhere.", sentence)
    assert told(*back, until=15) == ()
