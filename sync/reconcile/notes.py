"""What is worth saying beside the sums of a milestone's scope, and is no change of it; pure."""

from datetime import datetime

from sync.ledger import measures
from sync.ledger.ledger import REMAINING_WORK, Ledger
from sync.ledger.load import Container
from sync.ledger.working_days import WorkCalendar
from sync.reconcile.words import count, verb


def notes(
    container: Container, ledger: Ledger, calendar: WorkCalendar, as_of: datetime
) -> tuple[str, ...]:
    """Sentences about its start, and about work that is counted elsewhere; `as_of` in UTC."""
    facts = container.facts
    found: list[str] = []
    late = measures.days_late(facts, calendar)
    if late:
        days = count(abs(late), "working day")
        found.append(f"It was started {days} {'late' if late > 0 else 'early'}.")
    elsewhere = len(measures.done_elsewhere(ledger, container.by_item))
    if elsewhere:
        found.append(
            f"{count(elsewhere, 'item')} that left {verb(elsewhere, 'was', 'were')} done elsewhere."
        )
    lowered = sum(1 for line in ledger.lines if line.reason == REMAINING_WORK)
    if lowered:
        found.append(
            f"{count(lowered, 'estimate')} {verb(lowered, 'was', 'were')} lowered to what was left "
            "when its items moved on: no cut of the scope."
        )
    if facts.finished_at is not None and facts.finished_at < as_of:
        back = len(measures.reopened_after(container.histories, facts.finished_at, as_of))
        if back:
            found.append(
                f"{count(back, 'item')} that {verb(back, 'was', 'were')} done in it "
                f"{verb(back, 'was', 'were')} reopened after its end: that work belongs to where "
                "it is now."
            )
    return tuple(found)
