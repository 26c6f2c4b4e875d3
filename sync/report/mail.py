"""The mail: a whole text, the same as HTML for any client; page and findings attached."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import quote

import css_inline

from sync.report import charts, csv_, folding, html, json_, mailto, pictures, text
from sync.report.address import parse_address
from sync.report.clean import clean
from sync.report.course import bars
from sync.report.data import ReportData

#: Largest HTML part as sent, bytes; Gmail cuts a mail near 102 KB.
BUDGET = 80_000
#: Sections in the order in which they are left out when the mail grows too large.
DROP_ORDER = (
    "digest",
    "hygiene",
    "course",
    "still_open",
    "answered",
    "flow",
    "gate",
    "ledgers",
    "trust",
    "inventory",
    "milestones",
    "risks",
    "changes",
    "actions",
    "questions",
)
#: Beyond the verdict an executive gets these only.
_EXECUTIVE = ("questions", "actions", "inventory", "changes", "risks", "milestones")
_NAMES = {
    "digest": "findings of the page",
    "hygiene": "what is not confirmed or not checked",
    "course": "the course of the milestone in most danger",
    "still_open": "what is still open",
    "answered": "what was answered",
    "flow": "flow and load",
    "gate": "the quality gate",
    "ledgers": "how the scope came to be",
    "trust": "sources and gaps",
    "inventory": "what was already there",
    "milestones": "milestones",
    "risks": "top risks",
    "changes": "what changed",
    "actions": "what to decide or do",
    "questions": "questions for you",
}
#: Longest text part, lines; the page holds the rest.
_TEXT_LINES = 600

#: (word, mailto address) by fingerprint: what a reader may answer to a finding.
Links = Mapping[str, Sequence[tuple[str, str]]]
NO_LINKS: Links = MappingProxyType({})


class Picture(NamedTuple):
    """A picture that comes with the mail, and what it shows in words."""

    cid: str
    name: str
    words: str
    png: bytes
    #: pixels.
    width: int = pictures.WIDTH


def compose(
    data: ReportData,
    *,
    sender: str,
    recipient: str,
    date: datetime | None = None,
    attach: bool = True,
    draft: bool = False,
    thread: bool = False,
    contact: str | None = None,
    links: Links = NO_LINKS,
) -> EmailMessage:
    """One mail to one recipient.

    The same report, recipient and `date` give the same bytes; `date` (aware, default: when the
    report was made) becomes the Date header in UTC. `draft` lets mail programs open the file for
    sending. `thread`: the same subject every time, so that Gmail too keeps the mails together; the
    verdict then stands in the preview. `contact` reads answers and who wants no more mail (default:
    the sender). `links` answer findings by mail. Raises ConfigError for an address that is none.
    """
    from_ = parse_address(sender, "mail.from")
    to = parse_address(recipient, "mail.to")
    read_by = parse_address(contact, "mail.to") if contact else from_
    message = EmailMessage(policy=folding.ASCII)
    message["Subject"] = _constant_subject(data) if thread else clean(data.subject, 200)
    message["From"] = from_
    message["To"] = to
    if read_by.addr_spec != from_.addr_spec:
        message["Reply-To"] = read_by
    message["Date"] = format_datetime((date or data.at).astimezone(UTC))
    message["Message-ID"] = message_id(data, from_, to)
    root = _thread_root(data, from_)
    message["In-Reply-To"] = root
    message["References"] = root
    slug = _slug(data.program)
    message["List-Id"] = f"<{slug}.driftline.{from_.domain}>"
    # By mail only: there is no address on the web that could take a click.
    reader = quote(read_by.addr_spec, safe="@")
    message["List-Unsubscribe"] = f"<mailto:{reader}?subject=unsubscribe%20{slug}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["X-Driftline-Run"] = str(data.run_id)
    if draft:
        message["X-Unsent"] = "1"
    shown = _pictures(data)
    body, dropped = mail_html(data, attached=attach, pictures=shown, thread=thread, links=links)
    message.set_content(_plain(data, links, attached=attach), cte="quoted-printable")
    message.add_alternative(body, subtype="html", cte="quoted-printable")
    part = list(message.iter_parts())[-1]
    for one in shown if "course" not in dropped else ():
        part.add_related(
            one.png, "image", "png", cid=f"<{one.cid}>", filename=one.name, disposition="inline"
        )
    if attach:
        name = f"{slug}-{data.today.isoformat()}"
        _attach(message, html.render(data, script=False, links=links), "html", f"{name}.html")
        _attach(message, csv_.render(data), "csv", f"{name}-findings.csv")
    if dropped:
        message["X-Driftline-Left-Out"] = ", ".join(dropped)
    _fix_boundaries(message)
    return message


def _attach(message: EmailMessage, text: str, kind: str, name: str) -> None:
    message.add_attachment(text.encode(), "text", kind, filename=name)
    list(message.iter_attachments())[-1].set_param("charset", "utf-8")


def eml(message: EmailMessage) -> bytes:
    """The mail as a file: CRLF line ends, lines that any server takes."""
    return message.as_bytes(policy=folding.ASCII)


def message_id(data: ReportData, sender: Address, recipient: Address) -> str:
    """Stable per report and recipient, so that a retry is the same mail."""
    seed = f"{json_.digest(data)}\n{recipient.addr_spec.lower()}"
    return f"<{hashlib.sha256(seed.encode()).hexdigest()[:40]}.driftline@{sender.domain}>"


def mail_html(
    data: ReportData,
    *,
    attached: bool = True,
    pictures: tuple[Picture, ...] = (),
    thread: bool = False,
    links: Links = NO_LINKS,
) -> tuple[str, tuple[str, ...]]:
    """HTML for mail clients, styles inlined, and the sections that were left out for size.

    `pictures`: what the mail brings along. `thread`: the subject does not say the verdict.
    `links`: answers by fingerprint.
    """
    keep = list(reversed(DROP_ORDER))
    if data.quiet:
        keep = ["questions"]
    elif data.audience == "executive":
        keep = [name for name in keep if name in _EXECUTIVE]
    dropped: list[str] = []
    elsewhere = "in the attached page" if attached else "in the page"
    while True:
        body = _inlined(data, keep, dropped, elsewhere, pictures, thread=thread, links=links)
        following = next((name for name in DROP_ORDER if name in keep), None)
        if following is None or encoded_size(body) <= BUDGET:
            return body, tuple(dropped)
        keep.remove(following)
        dropped.append(following)


def encoded_size(body: str) -> int:
    """Bytes of an HTML part as it travels (quoted-printable, with line ends)."""
    part = EmailMessage(policy=folding.ASCII)
    part.set_content(body, subtype="html", cte="quoted-printable")
    return len(part.as_bytes())


def _constant_subject(data: ReportData) -> str:
    return clean(f"[{data.program}] Drift report", 200)


def _preview(data: ReportData, *, thread: bool) -> str:
    """What a list of mails shows beside the subject: what that does not say."""
    if thread:
        return data.subject.removeprefix(f"[{data.program}] ")
    if data.quiet:
        return ""
    if data.actions:
        return f"Decide or do: {data.actions[0].text}"
    return data.verdict.sentence


def _pictures(data: ReportData) -> tuple[Picture, ...]:
    """Burn-up and trend, for those who see them in their mail; none without matplotlib."""
    if data.quiet or data.audience == "executive":
        return ()
    found = []
    if data.burn_up is not None and (png := pictures.burn_up_png(data.burn_up)):
        words = charts.burn_up_words(data.burn_up, data.today)
        found.append(Picture("burn-up@driftline", "burn-up.png", words, png))
    if data.trend is not None and (png := pictures.trend_png(data.trend)):
        words = charts.trend_words(data.trend, data.today)
        found.append(Picture("trend@driftline", "trend.png", words, png))
    return tuple(found)


def _inlined(
    data: ReportData,
    keep: list[str],
    dropped: list[str],
    elsewhere: str,
    shown: tuple[Picture, ...],
    *,
    thread: bool,
    links: Links,
) -> str:
    up, trend = data.burn_up, data.trend
    values = {
        **html.common_values(data),
        "preview": _preview(data, thread=thread),
        "pictures": shown,
        "links": links,
        "burn_up": bars(up, data.today) if up else (),
        "burn_up_words": charts.burn_up_words(up, data.today) if up else "",
        "trend_words": charts.trend_words(trend, data.today) if trend else "",
        "parts": frozenset(keep),
        "dropped": [_NAMES[name] for name in dropped],
        "elsewhere": elsewhere,
        "style": html.asset("mail.css"),
        "dark": html.asset("mail-dark.css"),
        "gate": data.gate if any(one.checked or one.count for one in data.gate) else (),
        "gate_words": text.gate_words,
        "shown_items": text.shown_items,
        "digest": [one for one in data.digest if text.counted_only(one)],
    }
    page = html.environment().get_template("mail.html.j2").render(**values)
    return _inliner().inline(page)


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)


def _plain(data: ReportData, links: Links, *, attached: bool) -> str:
    lines = text.render(data, brief=data.quiet).splitlines()
    if len(lines) > _TEXT_LINES:
        rest = len(lines) - _TEXT_LINES
        where = "the attached page" if attached else "the page"
        lines = [*lines[:_TEXT_LINES], "", f"{rest:,} more lines are left out; see {where}."]
    for item in () if data.quiet else mailto.askable(data):
        if item.fingerprint in links:
            lines += ["", f"Answer by mail: {item.title}"]
            lines += [f"  {word}: {link}" for word, link in links[item.fingerprint]]
    return "\n".join(lines) + "\n"


def _thread_root(data: ReportData, sender: Address) -> str:
    quarter = f"{data.today.year}q{(data.today.month + 2) // 3}"
    return f"<{_slug(data.program)}.{quarter}.driftline@{sender.domain}>"


def _slug(program: str) -> str:
    letters = re.sub(r"[^a-z0-9]+", "-", program.lower()).strip("-")[:40].strip("-")
    if letters:
        return letters
    return f"program-{hashlib.sha256(program.encode()).hexdigest()[:8]}"


def _fix_boundaries(message: EmailMessage) -> None:
    """Boundaries from the Message-ID: random ones would change the bytes at every call."""
    seed = hashlib.sha256(str(message["Message-ID"]).encode()).hexdigest()[:24]
    for place, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_driftline_{place}_{seed}")
