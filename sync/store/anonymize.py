"""A copy of the store without a name in it, to send along with the report of a fault.

Whatever may be somebody's word (a title, a name, an address, a key, a branch, a reason) is replaced
by a word drawn from it with a key that is thrown away: equal texts stay equal, so that what belongs
together still does, and nothing leads back. Our own vocabulary, numbers, instants, ids and commits
stay. What is mostly foreign words (payloads, reports, uploaded files) is left out.

A text column is scrubbed unless it is listed here: a column that is added later is scrubbed too.
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from sync.store import bulk, schema
from sync.store.open import Store
from sync.store.transfer import chunks
from sync.store.types import Instant

#: Tables that are left out: what they hold is others' words, or of use only here.
LEFT_OUT = frozenset(
    {
        "backtest_result",
        "capability",
        "cursor",
        "evidence_file",
        "forgotten",
        "lease",
        "outbox",
        "rate_budget",
        "raw_dictionary",
        "raw_record",
        "report",
    }
)
#: Columns that hold words of our own vocabulary, or versions.
OURS = frozenset(
    """
    base_known category cause change channel conclusion declared_by detector deployment end_cause
    entity_kind exempt_rule field fingerprint from_state gated gone_reason history_state item_type
    kind mapping_version marks member_kind merge_method method milestone_kind mode origin outcome
    parameters_hash part priority program_version reviewed role rule scope_kind server_version
    severity source state status_category stream subject_kind to_kind to_state verdict waits_for
    weakest_grade work_days
    """.split()
)
#: Columns named like one of ours that hold others' words.
_NOT_OURS = frozenset({("data_issue", "field"), ("data_issue_past", "field")})
#: Columns of ids, of keys, and of what is made of both.
_IDS = frozenset(
    """
    account_id actor_id after_sha assignee_id author_id base_sha base_sha_at_merge before_sha
    board_id board_item_id change_request_id commit_sha content content_id content_scope_id
    end_event_id entity_id estimate_field field_id from_id gone_to head_scope_id head_sha
    head_tree key landed_sha landed_tree member_id merge_sha merged_by_id milestone_id new_ids
    old_ids other_sha parent_id raw_status_id release_id reporter_id reviewer_id run_id scope_id
    scope_key sha source_event_id source_id subject subject_id target target_id to_id to_key tree
    upload_id value_id work_item_id
    """.split()
)
#: Columns named like one of ids that hold a sentence.
_TEXTS = frozenset({("code_commit", "subject")})
#: Words that stand before an id or beside it.
_WORDS = frozenset(
    """
    account board change change_request commit direct_push epic external issue issues item
    iteration jira github gitlab merge_request milestone program project pull_request push
    repository run sprint stream version work_item
    """.split()
)
#: What a vendor makes up itself: numbers, hashes, identifiers of objects.
_ID = re.compile(
    r"[0-9]+|[0-9a-f]{16}|[0-9a-f]{20}|[0-9a-f]{24}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|customfield_[0-9]+"
    r"|[0-9]{2}T[0-9]{2}|[0-9]+Z|gid|Issue|MergeRequest|Milestone|Iteration|Project|Note|User|Label|Ci|Pipeline|Build"
)
#: Names of fields in our own JSON; a check is named otherwise only by chance (see `grades`).
_FIELD = re.compile(r"[a-z][a-z0-9_]*")
_BETWEEN = re.compile(r"([^A-Za-z0-9_]+)")


def anonymize(source: Store, target: Store) -> int:
    """Copy `source` into the empty `target`, scrubbed; rows written.

    `source` is read as it stands at one instant.
    """
    scrub = Scrub(secrets.token_bytes(32))
    rows = 0
    with source.reading() as reading, target.writing() as writing:
        for table in schema.metadata.sorted_tables:
            if is_left_out(table):
                continue
            columns = tuple(column.name for column in table.columns)
            into = bulk.upsert(writing.dialect.name, table, columns, None)
            change = [scrub.of(column) for column in table.columns]
            for chunk in chunks(reading, table, columns):
                turned: list[Sequence[Any]] = list(zip(*chunk, strict=True))
                for i, function in enumerate(change):
                    if function is not None:
                        turned[i] = [None if v is None else function(v) for v in turned[i]]
                rows += into.run(writing, list(zip(*turned, strict=True)))
    return rows


def is_left_out(table: sa.Table) -> bool:
    """Whether it is one that is left out, or hangs on one."""
    if table.name in LEFT_OUT or table is schema.store_info:
        return True
    others = {key.column.table for key in table.foreign_keys} - {table}
    return any(is_left_out(one) for one in others)


class Scrub:
    """Words in the place of words, the same for the same, by a secret key."""

    def __init__(self, key: bytes) -> None:
        """`key`: whoever has it can try out which word became which."""
        self._key = key
        self.word = lru_cache(maxsize=200_000)(self._word)
        self.id = lru_cache(maxsize=200_000)(self._id)

    def of(self, column: sa.Column[Any]) -> Callable[[Any], Any] | None:
        """What is done with the values of a column; None: they stay."""
        kind = column.type
        if column.name in OURS and (column.table.name, column.name) not in _NOT_OURS:
            return None
        if column is schema.reconcile_run.c.coverage:
            return lambda _: {}
        if column.name == "grades":
            return lambda grades: {self.word(name): grade for name, grade in grades.items()}
        if isinstance(kind, sa.JSON):
            return self._json
        if isinstance(kind, sa.LargeBinary):
            # A hash of known words would tell whoever guesses that the guess is right.
            return self._hash
        if isinstance(kind, Instant) or not isinstance(kind, sa.String):
            return None
        if column.name in _IDS and (column.table.name, column.name) not in _TEXTS:
            return self.id
        return self.word

    def _word(self, text: str) -> str:
        """A word of its own for any text; nothing for nothing."""
        if not text:
            return text
        digest = hashlib.blake2b(text.encode(), key=self._key, digest_size=8).hexdigest()
        return f"x{digest}"

    def _hash(self, value: bytes) -> bytes:
        return hashlib.blake2b(bytes(value), key=self._key, digest_size=16).digest()

    def _id(self, text: str) -> str:
        """What people put into an id or a key is replaced, what a machine counts stays."""
        parts = _BETWEEN.split(text)
        if len(parts) == 1 and not self._is_plain(text):
            return self.word(text)
        return "".join(
            part if n % 2 or self._is_plain(part) else self.word(part)
            for n, part in enumerate(parts)
        )

    @staticmethod
    def _is_plain(part: str) -> bool:
        return not part or part in _WORDS or _ID.fullmatch(part) is not None

    def _json(self, value: Any) -> Any:
        """Every text in it; of the names those that are no field of ours, too."""
        if isinstance(value, str):
            return self.id(value) if " " not in value else self.word(value)
        if isinstance(value, list):
            return [self._json(one) for one in value]
        if isinstance(value, dict):
            return {
                name if _FIELD.fullmatch(name) else self.id(name): self._json(one)
                for name, one in value.items()
            }
        return value
