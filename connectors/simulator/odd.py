"""Dates that nobody meant: a vendor keeps what was typed, and tells it as it was typed."""

from datetime import date, datetime, tzinfo
from typing import Self


class OddDate(date):
    """A calendar date that counts as itself and is told as it was `written`."""

    written: str

    @classmethod
    def told(cls, written: str, near: date) -> Self:
        """One that sorts like `near`."""
        made = cls(near.year, near.month, near.day)
        made.written = written
        return made

    def isoformat(self) -> str:
        """As it was written; what was made from it by reckoning is an ordinary one."""
        return getattr(self, "written", None) or super().isoformat()


class OddInstant(datetime):
    """An instant that counts as itself and is told as it was `written`, in any zone."""

    written: str

    @classmethod
    def told(cls, written: str, near: datetime) -> Self:
        """One that sorts like `near`."""
        made = cls.fromtimestamp(near.timestamp(), near.tzinfo)
        made.written = written
        return made

    def isoformat(self, sep: str = "T", timespec: str = "auto") -> str:
        """As it was written."""
        return getattr(self, "written", None) or super().isoformat(sep, timespec)

    def strftime(self, format: str) -> str:
        """As it was written."""
        return getattr(self, "written", None) or super().strftime(format)

    def astimezone(self, tz: tzinfo | None = None) -> Self:
        """Itself: nobody can reckon with it."""
        return self if getattr(self, "written", None) else super().astimezone(tz)
