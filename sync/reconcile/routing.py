"""Whose a finding is: the person of its item, or else the team, or else nobody's; pure.

Persons are named only as the configuration names them, and only as owners of something to do:
nobody is counted, compared or ranked.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Facts:
    """What tells whose a finding is, the most exact first; None: it is not known."""

    #: to whom its item is assigned, as the configuration calls that person.
    assignee: str | None = None
    team: str | None = None


def owner(facts: Facts, *, name_people: bool) -> str | None:
    """Person or team whose it is; None: it goes to the reader, who finds one."""
    if name_people and facts.assignee is not None:
        return facts.assignee
    return facts.team


def who(words: str, facts: Facts, *, name_people: bool) -> str:
    """The detector's words with the owner; a team is waited on, and never fails."""
    told = []
    if name_people and facts.assignee is not None:
        told.append(facts.assignee)
    if facts.team is not None:
        told.append(f"waiting on team {facts.team}")
    return f"{words} ({', '.join(told)})" if told else words
