"""Answers by mail without a server: links that write a mail, with a mark that only one reader has.

Each link of a finding opens a mail to whoever collects the answers. Its subject carries the answer,
the fingerprint and a mark: a keyed hash of reader and finding. `findings import` reads such mails
back and takes only those whose sender and mark belong together.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from urllib.parse import quote

import sqlalchemy as sa

from sync.reconcile.answers import BLIND_SPOT
from sync.reconcile.contract import AnswerKind, FindingState
from sync.report.clean import clean
from sync.report.data import Item, ReportData
from sync.store.open import Store
from sync.store.tables_answers import answer_key

#: What a reader may answer, in the order in which it is offered.
VERBS: Mapping[str, AnswerKind] = {
    "agreed": AnswerKind.AGREE,
    "mine": AnswerKind.ACKNOWLEDGE,
    "wrong": AnswerKind.NOT_USEFUL,
}
#: Hexadecimal digits of a mark: 96 bits.
_MARK = 24
#: What the subject of an answer must hold.
SUBJECT = re.compile(
    rf"\b(?P<verb>{'|'.join(VERBS)}) (?P<fingerprint>[0-9a-f]{{16}}) "
    rf"(?P<mark>[0-9a-f]{{{_MARK}}})\b"
)
#: Where the reader writes; what stands above is ours.
LINE = "Write your reason below this line, or leave it empty."
_ONLY_KEY = 1


@dataclass(frozen=True, slots=True)
class Links:
    """Links that answer one finding, for one reader."""

    agreed: str
    mine: str
    #: None: what was not read is never wrong.
    wrong: str | None

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """(word, link), in the order in which they are shown."""
        pairs = (("agreed", self.agreed), ("mine", self.mine), ("wrong", self.wrong))
        return tuple((word, link) for word, link in pairs if link is not None)


def links(
    items: Iterable[Item], *, key: str, reader: str, to: str, program: str
) -> dict[str, Links]:
    """Links by fingerprint, for this reader alone.

    `key` as `key_of` gives it; `reader` and `to`: addresses, with or without a name.
    """
    found = {}
    for item in items:
        made = {
            verb: _link(verb, item, mark(key, reader, item.fingerprint), to, program)
            for verb in VERBS
        }
        wrong = None if item.detector == BLIND_SPOT else made["wrong"]
        found[item.fingerprint] = Links(made["agreed"], made["mine"], wrong)
    return found


def askable(data: ReportData) -> tuple[Item, ...]:
    """Findings that a reader is asked about: the top risks and what changed, each once."""
    found = {one.fingerprint: one for one in (*data.risks, *data.changes.items)}
    return tuple(one for one in found.values() if one.state is not FindingState.RESOLVED)


def mark(key: str, reader: str, fingerprint: str) -> str:
    """What ties an answer to one reader and one finding; nobody guesses it without the key."""
    text = f"{bare(reader)}\n{fingerprint}".encode()
    return hmac.new(bytes.fromhex(key), text, hashlib.sha256).hexdigest()[:_MARK]


def is_mark(key: str, reader: str, fingerprint: str, told: str) -> bool:
    """Whether a mark is that of this reader and finding; takes as long whatever it is."""
    return hmac.compare_digest(mark(key, reader, fingerprint), told)


def bare(address: str) -> str:
    """An address without its name, in small letters."""
    return parseaddr(address)[1].strip().casefold()


def key_of(store: Store, now: datetime) -> str:
    """The store's own key, made when it is first asked for."""
    c = answer_key.c
    with store.reading() as conn:
        held: str | None = conn.execute(sa.select(c.key).where(c.id == _ONLY_KEY)).scalar()
    if held is not None:
        return held
    with store.writing() as conn:
        held = conn.execute(sa.select(c.key).where(c.id == _ONLY_KEY)).scalar()
        if held is None:
            held = secrets.token_hex(32)
            conn.execute(sa.insert(answer_key).values(id=_ONLY_KEY, key=held, made_at=now))
    return held


def _link(verb: str, item: Item, mark_: str, to: str, program: str) -> str:
    subject = f"[{clean(program, 60)}] {verb} {item.fingerprint} {mark_}"
    body = f"About: {clean(item.title, 80)}\r\n{LINE}\r\n\r\n"
    address = quote(bare(to), safe="@")
    return f"mailto:{address}?subject={quote(subject, safe='')}&body={quote(body, safe='')}"
