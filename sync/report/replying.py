"""Replies to a report taken as answers, each once, from those who got it and nobody else."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from sync.errors import UsageError
from sync.reconcile import answering, answers, answers_kept
from sync.reconcile.answering import Given
from sync.reconcile.contract import Answer, AnswerKind
from sync.report import mailto, replies
from sync.report.replies import Refused, Reply, Saved
from sync.store.open import Store
from sync.store.tables_answers import answer_mail, finding_answer


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one saved mail."""

    #: name of its file.
    name: str
    #: applied, known (it was taken before), late (the finding is resolved), refused.
    outcome: str
    #: what was answered, or why it was not taken, in words.
    told: str
    sender: str | None = None
    fingerprint: str | None = None
    verb: str | None = None


def take(
    store: Store,
    mails: Iterable[Saved],
    readers: Collection[str],
    *,
    now: datetime,
    time_zone: str,
) -> tuple[Taken, ...]:
    """Take each mail once; one that is refused stops no other.

    `readers`: addresses of those who get the report. `time_zone`: IANA zone.
    """
    key = mailto.key_of(store, now)
    known = {mailto.bare(one) for one in readers}
    taken: dict[int, Taken] = {}
    found: list[tuple[datetime, int, Saved, Reply]] = []
    for place, mail in enumerate(mails):
        try:
            reply = replies.read(mail.raw)
        except Refused as why:
            taken[place] = Taken(mail.name, "refused", str(why))
            continue
        found.append((min(reply.sent_at or now, now), place, mail, reply))
    # Of two answers of one reader the later one counts, whatever its file is called.
    for sent_at, place, mail, reply in sorted(found, key=lambda one: one[:2]):
        outcome, told = _take(store, reply, known, key, sent_at, now, time_zone)
        taken[place] = Taken(mail.name, outcome, told, reply.sender, reply.fingerprint, reply.verb)
    return tuple(taken[place] for place in sorted(taken))


def _take(
    store: Store,
    reply: Reply,
    readers: Collection[str],
    key: str,
    sent_at: datetime,
    now: datetime,
    time_zone: str,
) -> tuple[str, str]:
    """Outcome of a reply, and what is told of it."""
    if reply.sender not in readers:
        return "refused", "its sender is none of those who get the report"
    if not mailto.is_mark(key, reply.sender, reply.fingerprint, reply.mark):
        return "refused", "its mark is not that of its sender and this finding"
    if _is_known(store, reply):
        return "known", "it was taken before"
    kind = mailto.VERBS[reply.verb]
    given = Given(
        kind=kind,
        author=reply.sender,
        reason=reply.reason,
        source="mail",
        entry=reply.message_id,
    )
    newer = None if kind is AnswerKind.AGREE else _newer(store, reply, sent_at, now)
    if newer is not None:
        _remember(store, reply, now)
        return "late", f"{newer.author} answered it after this mail was sent"
    try:
        ((title, _),) = answering.answer(
            store, [reply.fingerprint], given, now=now, time_zone=time_zone
        )
    except answering.Resolved:
        _remember(store, reply, now)
        return "late", "the finding is resolved meanwhile"
    except UsageError as error:
        return "refused", error.what
    _remember(store, reply, now)
    return "applied", title


def _newer(store: Store, reply: Reply, sent_at: datetime, now: datetime) -> Answer | None:
    """An answer that holds and was given after the mail was sent, by command or file."""
    with store.reading() as conn:
        held = answers.in_force(answers_kept.load(conn, reply.fingerprint), now)
    one = held.get(reply.fingerprint)
    return one if one is not None and one.source != "mail" and one.at > sent_at else None


def _is_known(store: Store, reply: Reply) -> bool:
    c = answer_mail.c
    with store.reading() as conn:
        noted = sa.exists().where(c.message_id == reply.message_id)
        # Interrupted between the answer and its note.
        answered = sa.exists().where(
            finding_answer.c.source == "mail", finding_answer.c.entry == reply.message_id
        )
        return bool(conn.execute(sa.select(sa.or_(noted, answered))).scalar())


def _remember(store: Store, reply: Reply, now: datetime) -> None:
    with store.writing() as conn:
        conn.execute(
            sa.insert(answer_mail).values(
                message_id=reply.message_id,
                at=now,
                sender=reply.sender,
                fingerprint=reply.fingerprint,
                verb=reply.verb,
            )
        )
