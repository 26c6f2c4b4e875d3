"""The table of what a person said to a report before others read it."""

from sqlalchemy import Boolean, Column, ForeignKey, Table, Text

from sync.store.columns import Serial, metadata
from sync.store.types import Instant

#: Approvals. The newest one without a report tells whether mails wait for approval at all.
report_approval = Table(
    "report_approval",
    metadata,
    Column("id", Serial, primary_key=True),
    #: the reconciliation whose report was approved; NULL: a word about all later reports.
    Column("reconcile_run_id", Serial, ForeignKey("reconcile_run.id")),
    Column("at", Instant, nullable=False),
    Column("author", Text, nullable=False),
    #: what stands beside the verdict, signed by the author.
    Column("note", Text),
    #: of a word about all later reports: whether they leave without asking.
    Column("standing", Boolean, nullable=False),
)
