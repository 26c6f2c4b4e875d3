"""Records made of one payload so far, and what making them needs, whatever the vendor."""

from datetime import date, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from mappings.dates import calendar, instant
from mappings.records import DataIssue, Lookups, Record
from mappings.schema import MappingTable
from mappings.toml_lines import toml_key
from mappings.values import short

_UTC = ZoneInfo("UTC")


class Out:
    """Collects the records of one payload."""

    __slots__ = ("accounts", "lookups", "mapping", "records", "seen", "subject", "zone")

    #: what people call the system.
    vendor: ClassVar[str] = "the source system"

    def __init__(self, mapping: MappingTable, lookups: Lookups) -> None:
        """Nothing made yet."""
        self.mapping, self.lookups = mapping, lookups
        self.records: list[Record] = []
        self.accounts: set[str] = set()
        self.seen: set[tuple[str, str]] = set()
        #: what data issues are about: `work_item:10042`.
        self.subject = ""
        self.zone: ZoneInfo = lookups.extra.get("zone") or _UTC

    def issue(self, kind: str, field: str, raw: Any, message: str) -> None:
        """Something of the present subject that cannot be used."""
        self.records.append(DataIssue(kind, self.subject, field, short(raw), message))

    def broken(self, stream: str, why: str) -> None:
        """A payload of which nothing can be used."""
        self.records.append(broken(stream, why, self.vendor))

    def unmapped(self, table: str, what: str, raw: str, value: str) -> None:
        """A value without a meaning: one issue per value, not per item, with the line to add."""
        if (table, raw) in self.seen:
            return
        self.seen.add((table, raw))
        self.records.append(
            DataIssue(
                kind=f"unmapped-{table}",
                subject=f"{table}:{raw}",
                field=table,
                raw_value=raw,
                message=f"{what} {raw!r} has no meaning yet. Add to the mapping file under "
                f'[{table}], with the meaning that is right for you: {toml_key(raw)} = "{value}"',
            )
        )

    def moment(self, value: Any, field: str) -> datetime | None:
        """An instant in UTC; what is none is left empty, with an issue."""
        if value is None or value == "":
            return None
        found = instant(value)
        if found is None:
            self.issue(
                "bad-date",
                field,
                value,
                f"{field} is no usable instant and is left empty. Correct it in {self.vendor}.",
            )
        return found

    def day(self, value: Any, field: str) -> date | None:
        """A calendar date; what is none is left empty, with an issue."""
        if value is None or value == "":
            return None
        found = calendar(value)
        if found is None:
            self.issue(
                "bad-date",
                field,
                value,
                f"{field} is no usable date and is left empty. Correct it in {self.vendor}.",
            )
        return found


def broken(stream: str, why: str, vendor: str) -> DataIssue:
    """A payload of which nothing can be used."""
    return DataIssue(
        kind="bad-payload",
        subject=stream,
        message=f"A record of {stream} is unusable: {why}. Look at it in {vendor}.",
    )
