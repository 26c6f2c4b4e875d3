"""Records made of one payload of Jira so far, and what making them needs."""

from typing import Any, ClassVar

from mappings import out
from mappings.jira_fields import MEMORY, FieldPlan
from mappings.records import Account, DataIssue, Lookups
from mappings.schema import MappingTable
from mappings.values import text


class Out(out.Out):
    """Collects the records of one payload."""

    __slots__ = ("plan",)

    vendor: ClassVar[str] = "Jira"

    def __init__(self, mapping: MappingTable, lookups: Lookups) -> None:
        """Nothing made yet."""
        super().__init__(mapping, lookups)
        self.plan: FieldPlan = lookups.extra.get("plan") or FieldPlan()

    def account(self, raw: Any) -> str | None:
        """Id of an account (Cloud `accountId`, Data Center `key`); its record is added once."""
        if not isinstance(raw, dict):
            return None
        named = raw.get("accountId") or raw.get("key") or raw.get("name")
        if isinstance(named, str):
            if named in self.accounts:
                return named
            held = self.plan.people.get(named)
            if held is not None and held[0] == raw:
                self.accounts.add(named)
                self.records.append(held[1])
                return named
        id_ = text(named)
        if not id_:
            return None
        if id_ in self.accounts:
            return id_
        self.accounts.add(id_)
        active = raw.get("active")
        made = Account(
            source_id=id_,
            name=text(raw.get("displayName")),
            login=text(raw.get("name")),
            email=text(raw.get("emailAddress")) or None,
            is_bot=raw.get("accountType") == "app",
            active=active if isinstance(active, bool) else None,
        )
        self.records.append(made)
        if id_ == named and len(self.plan.people) < MEMORY:
            self.plan.people[id_] = (raw, made)
        return id_


def broken(stream: str, why: str) -> DataIssue:
    """A payload of which nothing can be used."""
    return out.broken(stream, why, Out.vendor)
