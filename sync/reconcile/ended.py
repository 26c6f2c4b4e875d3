"""When a milestone that is closed ended, and how that is known."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mappings.vocabulary import MilestoneState
from sync.forecast.outcome import outcome
from sync.ledger.milestones import Key, MilestoneFacts
from sync.reconcile.view import View


class How(StrEnum):
    """What tells the end, the surest first."""

    #: the source itself.
    TOLD = "told by its source"
    #: a reading found it closed that had been open.
    SEEN = "first seen closed then"
    #: nothing but its date: a released version of Jira carries the day of its release there.
    DATE = "the end of its date"
    #: all in it was done, and stayed so for seven days.
    DONE = "all in it was done then"
    #: nothing does.
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a closed milestone (UTC); None: not known."""

    at: datetime | None
    how: How


def ended(view: View, milestones: Iterable[MilestoneFacts]) -> Mapping[Key, Ended]:
    """The ends of those that are closed at the view's instant; open ones are left out."""
    closed = [one for one in milestones if not one.state.is_open]
    found: dict[Key, Ended] = {}
    silent: list[MilestoneFacts] = []
    for one in closed:
        seen = _seen(one)
        due = None if one.unseen else view.due(one)
        if one.finished_at is not None:
            found[one.key] = Ended(one.finished_at, How.TOLD)
        elif seen is not None:
            found[one.key] = Ended(seen, How.SEEN)
        elif due is not None and due <= view.as_of:
            found[one.key] = Ended(due, How.DATE)
        else:
            silent.append(one)
    for key, container in view.containers(silent).items():
        done = outcome(container.histories, None, view.as_of)
        found[key] = Ended(None, How.UNKNOWN) if done is None else Ended(done.at, How.DONE)
    return found


def _seen(facts: MilestoneFacts) -> datetime | None:
    """When a reading first found it closed that had been open."""
    found = None
    for one in facts.observed:
        if one.field == "state" and one.new is not None and not one.is_first:
            is_open = MilestoneState(one.new).is_open
            was_open = one.old is None or MilestoneState(one.old).is_open
            found = None if is_open else one.observed_at if was_open else found
    return found
