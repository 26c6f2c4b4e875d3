"""The tables of what people answered to findings. A row is never taken away: an answer ends."""

from sqlalchemy import Boolean, Column, Date, Float, Index, Integer, Table, Text

from sync.store.columns import Serial, metadata
from sync.store.types import Instant

#: One answer to one finding.
finding_answer = Table(
    "finding_answer",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    #: the finding's detector: precision is counted by it.
    Column("detector", Text, nullable=False),
    #: one of `sync.reconcile.contract.AnswerKind`.
    Column("kind", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text),
    #: when it was given (UTC).
    Column("at", Instant, nullable=False),
    #: last day on which it holds, in the configured zone; NULL: no day ends it.
    Column("until", Date),
    #: whether it ends once the finding gets worse than it was.
    Column("until_worse", Boolean, nullable=False),
    #: key or link of an item whose closing ends it.
    Column("ticket", Text),
    #: command, file, mail.
    Column("source", Text, nullable=False),
    #: which entry of the suppressions file says it (a hash), or which mail.
    Column("entry", Text),
    #: the finding's level and number when the answer was given.
    Column("severity", Text, nullable=False),
    Column("magnitude", Float, nullable=False),
    #: since when it holds no more (UTC); NULL: it does.
    Column("ended_at", Instant),
    #: lapsed, woke, resolved, replaced, withdrawn.
    Column("end_kind", Text),
    #: why, in words, and who ended it, if a person did.
    Column("ended_reason", Text),
    Column("ended_by", Text),
    Index(None, "fingerprint"),
)

#: Saved replies that were looked at: each counts once.
answer_mail = Table(
    "answer_mail",
    metadata,
    #: Message-ID, or a hash of the mail that has none.
    Column("message_id", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("sender", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("verb", Text, nullable=False),
)

#: What the marks in answer links are made with; it never leaves the store.
answer_key = Table(
    "answer_key",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    #: 32 random bytes, hexadecimal.
    Column("key", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
)
