"""The tables of evidence that people gave by hand."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text, text

from sync.store.columns import known, metadata

#: A report of tests or of coverage, a diff, or a sign-off.
evidence_upload = Table(
    "evidence_upload",
    metadata,
    #: hash of what it says of what; the same given twice is one.
    Column("upload_id", Text, primary_key=True),
    *known(),
    #: one of `sync.verdict.report_files.ReportKind`.
    Column("kind", Text, nullable=False),
    #: the repository; NULL: the commit was not known when it was given.
    Column("connection_id", Integer, ForeignKey("connection.id")),
    Column("scope_id", Text),
    #: the commit it is about; of a sign-off where its ref stood, NULL where nobody told.
    Column("sha", Text),
    #: tag, branch or milestone that was signed off.
    Column("ref", Text),
    #: check that the tests count as.
    Column("name", Text),
    Column("file_name", Text),
    #: SHA-256 of the file, hexadecimal, and its bytes.
    Column("digest", Text),
    Column("size", BigInteger),
    Column("tests_total", Integer),
    Column("tests_failed", Integer),
    Column("tests_skipped", Integer),
    #: lines that ran, and that could.
    Column("lines_covered", Integer),
    Column("lines_coverable", Integer),
    #: who gave it, or signed off.
    Column("author", Text, nullable=False),
    Column("reason", Text),
    Column("removed_by", Text),
    Column("removed_reason", Text),
    Index(
        "ix_evidence_upload_sha",
        "sha",
        sqlite_where=text("known_to IS NULL"),
        postgresql_where=text("known_to IS NULL"),
    ),
)

#: Lines of the files that an upload speaks of, as `1-3,7`; it never changes.
evidence_file = Table(
    "evidence_file",
    metadata,
    Column("upload_id", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("covered", Text, nullable=False),
    Column("uncovered", Text, nullable=False),
    #: lines that a change added or altered.
    Column("changed", Text, nullable=False),
)
