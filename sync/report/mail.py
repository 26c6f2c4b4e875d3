"""The mail: a whole text, the same as HTML for any client, and the page attached."""

import hashlib
import re
from datetime import UTC, datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from functools import lru_cache

import css_inline

from sync.report import charts, html, json_, text
from sync.report.address import parse_address
from sync.report.clean import clean
from sync.report.data import ReportData

#: Largest HTML part as sent, bytes; Gmail cuts a mail near 102 KB.
BUDGET = 80_000
#: Sections in the order in which they are left out when the mail grows too large.
DROP_ORDER = (
    "digest",
    "hygiene",
    "still_open",
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
_EXECUTIVE = ("questions", "actions", "inventory", "changes", "risks", "milestones", "trust")
_NAMES = {
    "digest": "findings of the page",
    "hygiene": "what is not confirmed or not checked",
    "still_open": "what is still open",
    "ledgers": "how the scope came to be",
    "trust": "sources and gaps",
    "inventory": "what was already there",
    "milestones": "milestones",
    "risks": "top risks",
    "changes": "what changed",
    "actions": "what to decide or do",
    "questions": "questions for you",
}
#: Under this name the mail's HTML finds the picture that comes with it.
_CID = "burn-up@driftline"
#: Longest text part, lines; the page holds the rest.
_TEXT_LINES = 600


def compose(
    data: ReportData,
    *,
    sender: str,
    recipient: str,
    date: datetime | None = None,
    attach: bool = True,
    draft: bool = False,
) -> EmailMessage:
    """One mail to one recipient.

    The same report, recipient and `date` give the same bytes; `date` (aware, default: when the
    report was made) becomes the Date header in UTC. `draft` lets mail programs open the file for
    sending. Raises ConfigError for an address that is none.
    """
    from_ = parse_address(sender, "mail.from")
    to = parse_address(recipient, "mail.to")
    message = EmailMessage(policy=policy.SMTP)
    message["Subject"] = clean(data.subject, 200)
    message["From"] = from_
    message["To"] = to
    message["Date"] = format_datetime((date or data.at).astimezone(UTC))
    message["Message-ID"] = message_id(data, from_, to)
    root = _thread_root(data, from_)
    message["In-Reply-To"] = root
    message["References"] = root
    slug = _slug(data.program)
    message["List-Id"] = f"<{slug}.driftline.{from_.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["X-Driftline-Run"] = str(data.run_id)
    if draft:
        message["X-Unsent"] = "1"
    picture = _picture(data)
    body, dropped = mail_html(data, attached=attach, picture=picture is not None)
    plain = _plain(data, attached=attach)
    message.set_content(plain, cte="quoted-printable")
    message.add_alternative(body, subtype="html", cte="quoted-printable")
    if picture is not None and "milestones" not in dropped:
        part = list(message.iter_parts())[-1]
        part.add_related(
            picture, "image", "png", cid=f"<{_CID}>", filename="burn-up.png", disposition="inline"
        )
    if attach:
        name = f"{slug}-{data.today.isoformat()}.html"
        message.add_attachment(
            html.render(data, script=False).encode(), "text", "html", filename=name
        )
        attachment = list(message.iter_attachments())[-1]
        attachment.set_param("charset", "utf-8")
    if dropped:
        message["X-Driftline-Left-Out"] = ", ".join(dropped)
    _fix_boundaries(message)
    return message


def eml(message: EmailMessage) -> bytes:
    """The mail as a file: CRLF line ends, lines that any server takes."""
    return message.as_bytes(policy=policy.SMTP)


def message_id(data: ReportData, sender: Address, recipient: Address) -> str:
    """Stable per report and recipient, so that a retry is the same mail."""
    seed = f"{json_.digest(data)}\n{recipient.addr_spec.lower()}"
    return f"<{hashlib.sha256(seed.encode()).hexdigest()[:40]}.driftline@{sender.domain}>"


def mail_html(
    data: ReportData, *, attached: bool = True, picture: bool = False
) -> tuple[str, tuple[str, ...]]:
    """HTML for mail clients, styles inlined, and the sections that were left out for size.

    `picture`: the mail brings the burn-up along.
    """
    keep = list(reversed(DROP_ORDER))
    if data.quiet:
        keep = ["questions"]
    elif data.audience == "executive":
        keep = [name for name in keep if name in _EXECUTIVE]
    dropped: list[str] = []
    elsewhere = "in the attached page" if attached else "in the page"
    while True:
        body = _inlined(data, keep, dropped, elsewhere, picture=picture)
        following = next((name for name in DROP_ORDER if name in keep), None)
        if following is None or encoded_size(body) <= BUDGET:
            return body, tuple(dropped)
        keep.remove(following)
        dropped.append(following)


def encoded_size(body: str) -> int:
    """Bytes of an HTML part as it travels (quoted-printable, with line ends)."""
    part = EmailMessage(policy=policy.SMTP)
    part.set_content(body, subtype="html", cte="quoted-printable")
    return len(part.as_bytes())


def _picture(data: ReportData) -> bytes | None:
    """The burn-up as PNG, for those who see milestones in their mail; None: there is none."""
    if data.burn_up is None or data.quiet or data.audience == "executive":
        return None
    return charts.burn_up_png(data.burn_up, data.today)


def _inlined(
    data: ReportData, keep: list[str], dropped: list[str], elsewhere: str, *, picture: bool
) -> str:
    shown = data.burn_up if picture else None
    values = {
        **html.common_values(data),
        "picture": f"cid:{_CID}" if shown is not None else "",
        "picture_words": charts.burn_up_words(shown, data.today) if shown is not None else "",
        "parts": frozenset(keep),
        "dropped": [_NAMES[name] for name in dropped],
        "elsewhere": elsewhere,
        "style": html.asset("mail.css"),
        "dark": html.asset("mail-dark.css"),
    }
    page = html.environment().get_template("mail.html.j2").render(**values)
    return _inliner().inline(page)


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)


def _plain(data: ReportData, *, attached: bool) -> str:
    lines = text.render(data, brief=data.quiet).splitlines()
    if len(lines) > _TEXT_LINES:
        rest = len(lines) - _TEXT_LINES
        where = "the attached page" if attached else "the page"
        lines = [*lines[:_TEXT_LINES], "", f"{rest:,} more lines are left out; see {where}."]
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
