"""What a person says beside the computed verdict, never instead of it."""

from dataclasses import dataclass
from datetime import datetime

from sync.errors import UsageError
from sync.report.clean import clean

#: Longest note, characters.
LONGEST = 600


@dataclass(frozen=True, slots=True)
class Note:
    """A signed remark."""

    text: str
    author: str
    #: when it was said (UTC).
    at: datetime


def note(text: str, author: str, at: datetime) -> Note:
    """A note that is safe to show. Raises UsageError for one that is empty or too long."""
    said = clean(text, LONGEST + 1)
    if not said:
        raise UsageError("the note is empty", where="--note", todo="Write it, or leave it out.")
    if len(said) > LONGEST:
        raise UsageError(
            f"the note is longer than {LONGEST} characters", where="--note", todo="Say it shorter."
        )
    return Note(said, signature(author), at)


def signature(author: str) -> str:
    """The name of who says so. Raises UsageError for one that shows nothing."""
    name = clean(author, 120)
    if not name:
        raise UsageError("the name is empty", where="--author", todo="Write who says so.")
    return name
