"""Saved replies, read: who answers which finding how, or why a mail is not taken."""

import hashlib
import mailbox
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime
from html.parser import HTMLParser
from pathlib import Path

from sync.errors import UsageError
from sync.report.clean import clean
from sync.report.mailto import LINE, SUBJECT

#: Largest mail that is read, bytes, and most mails of one import.
LARGEST = 2_000_000
MOST = 10_000
#: Longest reason that is kept, characters.
LONGEST_REASON = 500
#: What begins the mail that is answered, or a signature.
_ENDS = re.compile(
    r"^\s*(-- ?$|_{5,}|-{2,}\s*(original|forwarded|ursprüngliche)|(from|von|de|sent|gesendet):\s)"
    r"|^\s*(on|am|le|el|il)\b.{0,200}\b(wrote|schrieb|a écrit|escribió|ha scritto)\b.{0,80}:\s*$",
    re.IGNORECASE,
)
_AUTOMATIC = ("auto_reply", "bulk", "junk", "list")


class Refused(Exception):  # it is an answer, not an accident
    """Why a mail is not taken, in words."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What one mail says."""

    message_id: str
    #: bare address, in small letters.
    sender: str
    verb: str
    fingerprint: str
    mark: str
    #: what the sender wrote; None: nothing.
    reason: str | None
    #: when it was sent, as the sender's program says (UTC); None: it does not.
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """One mail of a folder."""

    #: name of its file, with its place where the file holds several.
    name: str
    raw: bytes


def saved(folder: Path) -> Iterator[Saved]:
    """Mails of a folder in a fixed order: .eml files, .mbox files, and Maildir.

    Raises UsageError where there is no such folder, or too many mails.
    """
    if not folder.is_dir():
        raise UsageError(
            "there is no such folder", where=str(folder), todo="Save the replies there as .eml."
        )
    for number, one in enumerate(_saved(folder), 1):
        if number > MOST:
            raise UsageError(
                f"there are more than {MOST:,} mails", where=str(folder), todo="Import fewer."
            )
        yield one


def _saved(folder: Path) -> Iterator[Saved]:
    if (folder / "cur").is_dir() and (folder / "new").is_dir():
        for inner in ("cur", "new"):
            for path in sorted((folder / inner).iterdir()):
                if path.is_file() and not path.is_symlink():
                    yield Saved(f"{inner}/{path.name}", _bytes(path))
    for path in sorted(folder.iterdir()):
        # A link may lead anywhere.
        if path.is_symlink() or not path.is_file():
            continue
        if path.suffix.lower() == ".eml":
            yield Saved(path.name, _bytes(path))
        elif path.suffix.lower() == ".mbox":
            box = mailbox.mbox(path, create=False)
            try:
                for place, key in enumerate(box.keys(), 1):
                    yield Saved(f"{path.name}#{place}", box.get_bytes(key)[: LARGEST + 1])
            finally:
                box.close()


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST + 1)


def read(raw: bytes) -> Reply:
    """What a mail says. Raises Refused for all that is no answer, whatever it holds."""
    if len(raw) > LARGEST:
        raise Refused(f"it is larger than {LARGEST // 1_000_000} MB")
    try:
        message = BytesParser(policy=policy.default).parsebytes(raw)
        return _reply(message, raw)
    except Refused:
        raise
    except Exception as error:  # noqa: BLE001 - hostile mails break the parser in many ways
        raise Refused(f"it is no mail that can be read ({type(error).__name__})") from None


def _reply(message: EmailMessage, raw: bytes) -> Reply:
    automatic = str(message.get("Auto-Submitted", "no")).strip().lower()
    precedence = str(message.get("Precedence", "")).strip().lower()
    if automatic not in ("", "no") or precedence in _AUTOMATIC or message.get("X-Autoreply"):
        raise Refused("it is an automatic reply")
    if message.get_content_type() == "multipart/report":
        raise Refused("it is a report on a mail that was not delivered")
    sender = _sender(message)
    subjects = message.get_all("Subject", [])
    found = list(SUBJECT.finditer(" ".join(str(subjects[0]).split()))) if subjects else []
    if len(subjects) != 1 or len(found) != 1:
        raise Refused("its subject holds no answer: use the links of the report, unchanged")
    (answer,) = found
    return Reply(
        message_id=_message_id(message, raw),
        sender=sender,
        verb=answer["verb"],
        fingerprint=answer["fingerprint"],
        mark=answer["mark"],
        reason=_reason(_text(message)),
        sent_at=_sent_at(message),
    )


def _sent_at(message: EmailMessage) -> datetime | None:
    try:
        found = parsedate_to_datetime(str(message.get("Date", "")))
    except (TypeError, ValueError, OverflowError):
        return None
    return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _sender(message: EmailMessage) -> str:
    headers = [str(one) for one in message.get_all("From", [])]
    pairs = getaddresses(headers)
    addresses = [address for _, address in pairs if "@" in address]
    if len(headers) != 1 or len(addresses) != 1 or len(pairs) != 1:
        raise Refused("it does not have exactly one sender")
    return addresses[0].strip().casefold()


def _message_id(message: EmailMessage, raw: bytes) -> str:
    told = clean(str(message.get("Message-ID", "")), 200)
    return told or f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _text(message: EmailMessage) -> str:
    """What the mail says as text; an HTML part only where there is no other."""
    body = message.get_body(("plain", "html"))
    if body is None:
        return ""
    payload = body.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        text = content.decode(body.get_content_charset() or "utf-8", errors="replace")
    except (LookupError, UnicodeError):
        text = content.decode("latin-1")
    if body.get_content_type() != "text/html":
        return text
    page = _Page()
    page.feed(text)
    page.close()
    return page.text()


def _reason(text: str) -> str | None:
    """What the sender wrote: no quoted mail, no signature, nothing of our own."""
    lines = text.splitlines()
    ours = [place for place, line in enumerate(lines) if line.strip() == LINE]
    if ours:
        lines = lines[ours[0] + 1 :]
    kept = []
    for line in lines:
        if _ENDS.search(line):
            break
        if not line.lstrip().startswith(">") and not line.startswith("About: "):
            kept.append(line)
    return clean(" ".join(kept), LONGEST_REASON) or None


class _Page(HTMLParser):
    """The words of an HTML body, without what it quotes, hides or runs."""

    _SILENT = frozenset({"script", "style", "head", "title", "blockquote", "template"})
    _BREAKS = frozenset({"br", "p", "div", "tr", "li", "hr"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._kept: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line, or a part that is left out."""
        if tag in self._SILENT:
            self._silent.append(tag)
        if tag in self._BREAKS:
            self._kept.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """End what was left out."""
        if tag in self._silent:
            while self._silent.pop() != tag:
                pass
        if tag in self._BREAKS:
            self._kept.append("\n")

    def handle_data(self, data: str) -> None:
        """Keep words that are shown."""
        if not self._silent:
            self._kept.append(data)

    def text(self) -> str:
        """All words, line by line."""
        return "".join(self._kept)
