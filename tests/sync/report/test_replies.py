"""Links that answer by mail, and the replies that come back."""

import mailbox
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.mime.text import MIMEText
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import sqlalchemy as sa
from support import reconciliations as given_

from sync.report import mailto, replies, replying
from sync.report.build import build
from sync.report.mailto import LINE
from sync.report.replies import Refused, Saved
from sync.store import schema
from sync.store.open import Store, memory_store
from sync.store.tables_answers import answer_mail, finding_answer

NOW = datetime(2026, 3, 16, 8, tzinfo=UTC)
PRINT = "3f9a0c12d4e5f607"
ADA, BO = "ada@example.com", "bo@example.com"
KEY = "ab" * 32


def reply(
    verb: str = "wrong",
    *,
    sender: str = f"Ada <{ADA}>",
    reader: str = ADA,
    fingerprint: str = PRINT,
    key: str = KEY,
    body: str = "It is ours.\n",
    message_id: str | None = "<1@example.com>",
    sent: datetime = NOW - timedelta(hours=1),
    subject: str | None = None,
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = "tpm@example.com"
    message["Date"] = sent
    told = f"[Apollo] {verb} {fingerprint} {mailto.mark(key, reader, fingerprint)}"
    message["Subject"] = subject or f"Re: {told}"
    if message_id:
        message["Message-ID"] = message_id
    message.set_content(f"About: something\n{LINE}\n\n{body}")
    return message


# --- links ------------------------------------------------------------------------------------


def test_a_link_opens_a_mail_whose_subject_is_an_answer() -> None:
    data = build(given_.reconciliation(findings=(given_.finding("x", fingerprint=PRINT),)))
    made = mailto.links(
        data.findings, key=KEY, reader=f"Ada <{ADA}>", to="TPM <tpm@example.com>", program="Apollo"
    )
    assert [word for word, _ in made[PRINT].named] == ["agreed", "mine", "wrong"]
    for word, link in made[PRINT].named:
        parts = urlsplit(link)
        asked = parse_qs(parts.query)
        assert (parts.scheme, unquote(parts.path)) == ("mailto", "tpm@example.com")
        assert asked["subject"] == [f"[Apollo] {word} {PRINT} {mailto.mark(KEY, ADA, PRINT)}"]
        assert LINE in asked["body"][0]
        assert not set(link) & set(" \r\n\"'<>")


@pytest.mark.parametrize("text", given_.HOSTILE)
def test_no_title_or_name_breaks_out_of_a_link(text: str) -> None:
    data = build(given_.reconciliation(findings=(given_.finding("x", title=text),)))
    (made,) = mailto.links(
        data.findings, key=KEY, reader=ADA, to="tpm@example.com", program=text
    ).values()
    for _, link in made.named:
        assert link.isascii()
        assert not set(link) & set(" \r\n\"'<>\t")
        assert set(parse_qs(urlsplit(link).query)) == {"subject", "body"}


def test_a_blind_spot_is_never_wrong() -> None:
    data = build(given_.reconciliation(findings=(given_.blind_spot(),)))
    (made,) = mailto.links(data.findings, key=KEY, reader=ADA, to=ADA, program="A").values()
    assert made.wrong is None


def test_marks_differ_by_reader_finding_and_key_and_not_by_how_an_address_is_written() -> None:
    one = mailto.mark(KEY, ADA, PRINT)
    assert one == mailto.mark(KEY, f"Ada Lovelace <{ADA.upper()}>", PRINT)
    others = {
        mailto.mark(KEY, BO, PRINT),
        mailto.mark(KEY, ADA, PRINT[::-1]),
        mailto.mark("cd" * 32, ADA, PRINT),
    }
    assert len(others | {one}) == 4
    assert len(one) == 24


def test_the_key_is_made_once_and_stays_in_the_store() -> None:
    store = memory_store()
    first = mailto.key_of(store, NOW)
    assert len(bytes.fromhex(first)) == 32
    assert mailto.key_of(store, NOW + timedelta(days=1)) == first
    other = memory_store()
    assert mailto.key_of(other, NOW) != first
    store.close()
    other.close()


# --- reading ----------------------------------------------------------------------------------


def test_a_reply_says_who_answers_what_and_why() -> None:
    found = replies.read(reply().as_bytes())
    assert (found.sender, found.verb, found.fingerprint) == (ADA, "wrong", PRINT)
    assert found.mark == mailto.mark(KEY, ADA, PRINT)
    assert (found.reason, found.message_id) == ("It is ours.", "<1@example.com>")
    assert found.sent_at == NOW - timedelta(hours=1)


def test_quoted_mails_and_signatures_are_no_reason() -> None:
    for rest in (
        "> About: x\n> the old mail\n",
        "On Mon, 9 Mar 2026 at 08:00 driftline wrote:\nthe old mail\n",
        "Am Mo., 9. März 2026 um 08:00 Uhr schrieb driftline:\nthe old mail\n",
        "-----Original Message-----\nthe old mail\n",
        "From: driftline <d@example.com>\nthe old mail\n",
        "-- \nAda, Apollo Ltd\n",
    ):
        assert replies.read(reply(body=f"It is ours.\n\n{rest}").as_bytes()).reason == "It is ours."
    assert replies.read(reply(body="").as_bytes()).reason is None


@pytest.mark.parametrize("cte", ["quoted-printable", "base64", "8bit"])
def test_every_encoding_is_read(cte: str) -> None:
    message = reply()
    message.set_content(f"{LINE}\nGehört uns, größtenteils ✓\n", cte=cte)
    assert replies.read(message.as_bytes()).reason == "Gehört uns, größtenteils ✓"


def test_a_body_of_html_alone_is_read_as_text() -> None:
    message = reply()
    message.set_content(
        f"<html><head><style>p {{}}</style></head><body><div>{LINE}</div>"
        "<p>It is <b>ours</b> &amp; theirs<script>alert(1)</script></p>"
        "<blockquote>the old mail</blockquote></body></html>",
        subtype="html",
    )
    assert replies.read(message.as_bytes()).reason == "It is ours & theirs"


def test_an_unknown_charset_stops_nothing() -> None:
    message = MIMEText("ours", "plain", "utf-8")
    message.set_param("charset", "klingon")
    whole = reply()
    for name in ("From", "Subject", "Message-ID"):
        message[name] = whole[name]
    assert replies.read(message.as_bytes()).reason == "ours"


def test_without_a_message_id_the_mail_itself_is_remembered() -> None:
    raw = reply(message_id=None).as_bytes()
    assert replies.read(raw).message_id.startswith("sha256:")
    assert replies.read(raw) == replies.read(raw)


def test_a_reason_is_one_safe_line() -> None:
    hostile = "\x1b[31mred\x1b[0m \u202eabc <script>\r\nBcc: x\r\n" + "x" * 9999
    found = replies.read(reply(body=hostile).as_bytes()).reason
    assert found is not None
    assert len(found) <= replies.LONGEST_REASON
    assert not set(found) & set("\x1b\r\n\u202e")


_FORGED = f"mine {PRINT} {'0' * 24}"


def _double(name: str) -> bytes:
    return reply().as_bytes().replace(b"To: ", f"{name}\nTo: ".encode(), 1)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "exactly one sender"),
        (b"\x00\xff" * 500, "exactly one sender"),
        (b"x" * (replies.LARGEST + 1), "larger than 2 MB"),
        (reply(subject="Re: Apollo report").as_bytes(), "holds no answer"),
        (reply(subject=f"wrong {PRINT} {'0' * 23}").as_bytes(), "holds no answer"),
        (
            reply(subject=f"wrong {PRINT} {'0' * 24} mine {PRINT} {'0' * 24}").as_bytes(),
            "no answer",
        ),
        (_double("Auto-Submitted: auto-replied"), "automatic reply"),
        (_double("Precedence: bulk"), "automatic reply"),
        (_double("From: bo@example.com"), "exactly one sender"),
        (reply(sender=f"{ADA}, {BO}").as_bytes(), "exactly one sender"),
        (_double(f"Subject: {_FORGED}"), "holds no answer"),
    ],
)
def test_what_is_no_answer_is_refused(raw: bytes, why: str) -> None:
    with pytest.raises(Refused, match=why):
        replies.read(raw)


# --- folders ----------------------------------------------------------------------------------


def test_a_folder_may_hold_eml_and_mbox_files(tmp_path: Path) -> None:
    (tmp_path / "b.eml").write_bytes(reply().as_bytes())
    (tmp_path / "notes.txt").write_text("no mail")
    (tmp_path / "link.eml").symlink_to(tmp_path / "notes.txt")
    box = mailbox.mbox(tmp_path / "a.mbox")
    box.add(reply(message_id="<2@example.com>"))
    box.add(reply(message_id="<3@example.com>"))
    box.close()
    found = list(replies.saved(tmp_path))
    assert [one.name for one in found] == ["a.mbox#1", "a.mbox#2", "b.eml"]
    told = [replies.read(one.raw).message_id for one in found]
    assert told == ["<2@example.com>", "<3@example.com>", "<1@example.com>"]


def test_a_folder_may_be_a_maildir(tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "box")
    box.add(reply())
    box.close()
    (one,) = replies.saved(tmp_path / "box")
    assert replies.read(one.raw).verb == "wrong"


# --- taking -----------------------------------------------------------------------------------


@pytest.fixture
def store() -> Store:
    """A store with one open finding."""
    made = memory_store()
    with made.writing() as conn:
        conn.execute(
            sa.insert(schema.finding).values(
                fingerprint=PRINT,
                detector="plan.overdue",
                subject="version:1",
                severity="high",
                state="ongoing",
                channel="mailed",
                magnitude=3.0,
                title="R1 is late",
                words=dict.fromkeys(
                    ("what", "so_what", "who", "by_when", "remedy", "subject_label"), "-"
                ),
                evidence=[],
                evidence_hash="e",
                first_seen_at=NOW,
                last_seen_at=NOW,
            )
        )
        conn.execute(sa.insert(mailto.answer_key).values(id=1, key=KEY, made_at=NOW))
    return made


def take(store: Store, *mails: EmailMessage | bytes) -> list[tuple[str, str]]:
    saved = [
        Saved(f"{n}.eml", one if isinstance(one, bytes) else one.as_bytes())
        for n, one in enumerate(mails)
    ]
    taken = replying.take(store, saved, [ADA, f"Bo <{BO}>"], now=NOW, time_zone="UTC")
    return [(one.outcome, one.told) for one in taken]


def answers(store: Store) -> list[tuple[str, str, str | None, str | None]]:
    c = finding_answer.c
    with store.reading() as conn:
        rows = conn.execute(sa.select(c.kind, c.author, c.reason, c.end_kind).order_by(c.id)).all()
    return [tuple(row) for row in rows]  # type: ignore[misc]


def test_a_reply_is_taken_once(store: Store) -> None:
    assert take(store, reply()) == [("applied", "R1 is late")]
    assert take(store, reply(), reply()) == [("known", "it was taken before")] * 2
    assert answers(store) == [("not_useful", ADA, "It is ours.", None)]


@pytest.mark.parametrize(
    ("verb", "kind"), [("wrong", "not_useful"), ("agreed", "agree"), ("mine", "acknowledge")]
)
def test_each_verb_is_an_answer(store: Store, verb: str, kind: str) -> None:
    take(store, reply(verb))
    assert [one[0] for one in answers(store)] == [kind]


@pytest.mark.parametrize(
    ("mail", "why"),
    [
        (reply(sender="eve@example.com", reader="eve@example.com"), "none of those who get"),
        (reply(sender=BO, reader=ADA), "its mark is not that of its sender"),
        (reply(key="cd" * 32), "its mark is not that of its sender"),
        (reply(fingerprint="0" * 16), "no finding has this fingerprint"),
        (b"nonsense", "exactly one sender"),
    ],
)
def test_who_may_not_answer_is_refused(store: Store, mail: EmailMessage | bytes, why: str) -> None:
    ((outcome, told),) = take(store, mail)
    assert outcome == "refused"
    assert why in told
    assert answers(store) == []


def test_one_refused_mail_stops_no_other(store: Store) -> None:
    told = take(store, b"nonsense", reply(), reply(sender="eve@example.com", message_id="<2@x>"))
    assert [outcome for outcome, _ in told] == ["refused", "applied", "refused"]


def test_of_two_replies_the_later_one_counts_whatever_its_file_is_called(store: Store) -> None:
    later = reply("mine", message_id="<2@example.com>", sent=NOW - timedelta(minutes=1))
    told = take(store, later, reply("wrong"))
    assert [outcome for outcome, _ in told] == ["applied", "applied"]
    assert [(kind, end) for kind, _, _, end in answers(store)] == [
        ("not_useful", "replaced"),
        ("acknowledge", None),
    ]


def test_a_reply_does_not_undo_what_was_answered_after_it_was_sent(store: Store) -> None:
    from sync.reconcile import answering
    from sync.reconcile.answering import Given
    from sync.reconcile.contract import AnswerKind

    given = Given(AnswerKind.ACCEPT, "tpm", "known")
    at = NOW - timedelta(minutes=30)
    answering.answer(store, [PRINT], given, now=at, time_zone="UTC")
    assert take(store, reply()) == [("late", "tpm answered it after this mail was sent")]
    assert [kind for kind, *_ in answers(store)] == ["accept"]


def test_a_reply_to_what_is_resolved_is_late_and_remembered(store: Store) -> None:
    with store.writing() as conn:
        conn.execute(sa.update(schema.finding).values(state="resolved"))
    assert take(store, reply()) == [("late", "the finding is resolved meanwhile")]
    with store.reading() as conn:
        assert conn.execute(sa.select(answer_mail.c.verb)).scalars().all() == ["wrong"]
