"""The mail: what every client can show, small enough, and safe in its headers."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import reconciliations as given_

from sync.errors import ConfigError
from sync.report import csv_
from sync.report.build import build
from sync.report.data import AnsweredPart, ReportData
from sync.report.mail import BUDGET, DROP_ORDER, compose, eml, encoded_size, mail_html

SENDER = "Drift report <drift@example.com>"
TO = "Boss <boss@example.com>"


def sent(data: ReportData, **more: object) -> EmailMessage:
    """The mail as a receiver parses it."""
    message = compose(data, sender=SENDER, recipient=TO, **more)  # type: ignore[arg-type]
    parsed = message_from_bytes(eml(message), policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


class Elements(HTMLParser):
    """Which elements and attributes a page has."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)


def test_headers() -> None:
    message = sent(build(given_.busy()))
    root = "<apollo.2025q4.driftline@example.com>"
    assert {name: str(message[name]) for name in ("From", "To", "Subject", "Date")} == {
        "From": SENDER,
        "To": TO,
        "Subject": "[Apollo] Release 3.1 past due since 28 Nov, 4 open: 2 new, 1 worse, 1 resolved",
        "Date": "Mon, 08 Dec 2025 08:10:00 +0000",
    }
    assert message["List-Id"] == "<apollo.driftline.example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert (message["In-Reply-To"], message["References"]) == (root, root)
    assert message["X-Unsent"] is None
    assert message.defects == []


def test_the_parts_stand_in_the_right_order_and_pictures_belong_to_the_html() -> None:
    message = sent(build(given_.whole()))
    mixed = list(message.iter_parts())
    alternative = list(mixed[0].iter_parts())
    related = list(alternative[1].iter_parts())
    assert [part.get_content_type() for part in (message, *mixed)] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/html",
        "text/csv",
    ]
    assert [part.get_content_type() for part in alternative] == ["text/plain", "multipart/related"]
    assert [part.get_content_type() for part in related] == ["text/html", "image/png", "image/png"]
    named = [str(part["Content-ID"]).strip("<>") for part in related[1:]]
    html = body(message, "html")
    assert re.findall(r'<img src="cid:([^"]+)" width="600"', html) == named
    # What a picture shows is said for those who do not see it.
    told = re.findall(r'alt="([^"]+)"', html)
    assert "12 of 19 items done. Promised for 18 Dec." in told[0]
    assert "the promised date moved 2 times since 3 Nov." in told[1]


def test_who_wants_no_more_mail_writes_to_who_reads_answers() -> None:
    message = sent(build(given_.busy()), contact="TPM <tpm+drift@example.com>")
    assert message["Reply-To"] == "TPM <tpm+drift@example.com>"
    assert message["List-Unsubscribe"] == (
        "<mailto:tpm%2Bdrift@example.com?subject=unsubscribe%20apollo>"
    )
    # There is no address on the web that could take a click.
    assert message["List-Unsubscribe-Post"] is None
    alone = sent(build(given_.busy()))
    assert alone["Reply-To"] is None
    assert "mailto:drift@example.com?" in alone["List-Unsubscribe"]


@pytest.mark.parametrize(
    ("subject", "first"),
    [
        # 69 to 78 characters: the standard library would put them on a line of their own.
        (
            "[Apollo] Beta programme due 20 Jun, 3 of 8 done: 2 new, 1 source partly read",
            b"Subject: [Apollo] Beta programme due 20 Jun, 3 of 8 done: 2 new, 1 source",
        ),
        ("[Apollo] " + "x" * 191, b"Subject: [Apollo]"),
        ("x" * 200, b"Subject: =?utf-8?q?xxx"),
        ("[Äpöllo] " + "größer " * 20, b"Subject: ="),
    ],
)
def test_a_long_subject_begins_beside_its_name_and_arrives_whole(
    subject: str, first: bytes
) -> None:
    data = replace(build(given_.busy()), subject=subject.strip())
    raw = eml(compose(data, sender=SENDER, recipient=TO))
    assert raw.split(b"\r\n")[0].startswith(first)
    assert message_from_bytes(raw, policy=policy.default)["Subject"] == subject.strip()


def preview(message: EmailMessage) -> str:
    found = re.search(r'<div class="preview"[^>]*>([^<]*)</div>', body(message, "html"))
    assert found is not None
    return found.group(1)


def test_the_preview_says_what_the_subject_does_not() -> None:
    data = build(given_.busy())
    assert preview(sent(data)) == f"Decide or do: {data.actions[0].text}"
    inventory = build(given_.first_run())
    assert preview(sent(inventory)) in (
        inventory.verdict.sentence,
        f"Decide or do: {inventory.actions[0].text}" if inventory.actions else "",
    )
    assert preview(sent(build(given_.quiet()))) == ""


def test_in_a_thread_the_subject_stays_and_the_preview_has_the_verdict() -> None:
    late, quiet = build(given_.busy()), build(given_.quiet())
    mails = [sent(one, thread=True) for one in (late, quiet)]
    assert [one["Subject"] for one in mails] == ["[Apollo] Drift report"] * 2
    assert preview(mails[0]) == late.subject.removeprefix("[Apollo] ")
    assert mails[0]["References"] == mails[1]["References"]
    assert mails[0]["Message-ID"] != mails[1]["Message-ID"]


def test_an_executive_gets_verdict_actions_changes_risks_and_milestones() -> None:
    data = build(given_.whole(), audience="executive")
    html, _ = mail_html(data)
    assert re.findall(r"<h2[^>]*>([^<]+)<", html) == [
        "Decide or do",
        "What changed since 1 Dec",
        "Top risks",
        "Milestones",
        "What this rests on",
    ]
    unread = build(given_.first_run(), audience="executive")
    assert "1 source not completely read" in mail_html(unread)[0]


def test_the_parts_come_in_the_order_of_their_weight() -> None:
    html, _ = mail_html(build(given_.whole(), audience="manager"))
    assert re.findall(r"<h2[^>]*>([^<]+)<", html) == [
        "Decide or do",
        "What changed since 1 Dec",
        "Top risks",
        "Milestones",
        "The milestone in most danger: Release 3.2",
        "How the scope came to be",
        "Quality gate",
        "Flow and load",
        "Still open, unchanged",
        "Answered",
        "In the page only",
        "Not confirmed, not checked",
        "What this rests on",
    ]


def test_an_empty_gate_says_that_nothing_was_looked_at() -> None:
    html, _ = mail_html(build(given_.whole()))
    assert re.search(r"unreviewed</strong>: switched off", html)
    # What is for the page only is counted, and not named.
    assert re.search(r"not tested</strong>: 8 findings, in the page only", html)
    assert "No automated test evidence found for shop/web#1" not in html
    assert "shop/web#40 landed while its tests failed" in html


def test_findings_can_be_answered_by_mail() -> None:
    data = build(given_.busy())
    first = data.risks[0]
    links = {first.fingerprint: (("agreed", "mailto:tpm@example.com?subject=a%20b&body=c"),)}
    html = body(sent(data, links=links), "html")
    (told,) = re.findall(r'<a href="(mailto:[^"]+)" aria-label="([^"]+)"[^>]*>(\w+)</a>', html)
    assert told == (
        "mailto:tpm@example.com?subject=a%20b&amp;body=c",
        f"agreed: {first.title}",
        "agreed",
    )
    assert "mailto:" not in body(sent(data), "html")


def test_what_was_answered_is_short_and_says_what_ends_next() -> None:
    data = build(given_.busy())
    answered = AnsweredPart(
        short=data.risks[:1],
        summary="1 taken, 2 accepted; the next answer ends after 1 Apr (Late)",
        ended=("No longer snoozed, because it got worse: Late",),
        flapping=tuple(f"Comes and goes: {n}" for n in range(14)),
    )
    html, _ = mail_html(replace(data, answered=answered))
    part = html.split(">Answered</h2>")[1].split("<h2")[0]
    assert "1 taken, 2 accepted; the next answer ends after 1 Apr (Late)" in part
    assert "No longer snoozed, because it got worse: Late" in part
    assert part.count("Comes and goes") == 10
    assert "and 4 more findings that come and go in the attached page" in part
    assert ">Answered</h2>" not in mail_html(data)[0]


class Tables(HTMLParser):
    """Tables for layout and tables of data."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.layout, self.data = 0, 0
        self.bad: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "table":
            self.layout += told.get("role") == "presentation"
            self.data += told.get("class") == "data"
            if not {"width", "cellpadding", "cellspacing", "border"} <= set(told):
                self.bad.append(f"table {told}")
        if tag == "th" and told.get("scope") not in ("row", "col"):
            self.bad.append(f"th {told}")


def test_word_and_screen_readers_can_tell_layout_from_data() -> None:
    html, _ = mail_html(build(given_.whole()))
    tables = Tables(html)
    assert tables.bad == []
    assert tables.data == html.count("<caption") == 2
    assert tables.layout + tables.data == html.count("<table") - 1  # Outlook's own, in a comment
    assert not re.search(r"display:\s*(flex|grid)|<svg|data:|position:", html)
    assert re.search(r'<html lang="en">.*<title>[^<]+</title>', html, re.DOTALL)
    assert [int(n) for n in re.findall(r"<h(\d)", html)][:2] == [1, 2]
    assert set(re.findall(r"<h(\d)", html)) == {"1", "2"}


def test_the_date_is_that_of_the_clock_in_utc() -> None:
    tokyo = datetime(2025, 12, 9, 6, 0, tzinfo=timezone(timedelta(hours=9)))
    message = sent(build(given_.busy()), date=tokyo)
    at = parsedate_to_datetime(str(message["Date"]))
    assert at == tokyo
    assert at.utcoffset() == timedelta(0)


def test_a_draft_can_be_opened_and_sent() -> None:
    assert sent(build(given_.first_run()), draft=True)["X-Unsent"] == "1"


def test_the_message_id_belongs_to_report_and_recipient() -> None:
    data = build(given_.busy())

    def id_of(data: ReportData, recipient: str, date: datetime | None = None) -> str:
        return str(compose(data, sender=SENDER, recipient=recipient, date=date)["Message-ID"])

    first = id_of(data, TO)
    assert re.fullmatch(r"<[0-9a-f]{40}\.driftline@example\.com>", first)
    assert id_of(data, "boss@example.com", datetime(2026, 1, 1, tzinfo=UTC)) == first
    assert id_of(data, "BOSS@example.com") == first
    assert id_of(data, "peer@example.com") != first
    assert id_of(build(given_.quiet()), TO) != first


def test_same_report_same_bytes() -> None:
    one, other = (
        eml(compose(build(given_.hostile()), sender=SENDER, recipient=TO)) for _ in range(2)
    )
    assert one == other


@pytest.mark.parametrize("name", sorted(given_.EXAMPLES))
def test_the_file_has_crlf_and_short_lines_only(name: str) -> None:
    raw = eml(compose(build(given_.EXAMPLES[name]()), sender=SENDER, recipient=TO))
    lines = raw.split(b"\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert max(map(len, lines)) <= 998
    raw.decode("ascii")


def test_both_forms_say_the_same_and_the_page_is_attached() -> None:
    data = build(given_.busy())
    message = sent(data)
    plain, html = body(message, "plain"), body(message, "html")
    for item in data.risks:
        assert item.title in plain
        assert item.title in html
    attached = list(message.iter_attachments())
    assert [part.get_filename() for part in attached] == [
        "apollo-2025-12-08.html",
        "apollo-2025-12-08-findings.csv",
    ]
    assert attached[1].get_content_type() == "text/csv"
    assert attached[1].get_content() == csv_.render(data)
    page = attached[0].get_content()
    assert 'id="findings"' in page
    assert "The scope of Release 3.2 grew" in page


def test_nothing_in_the_mail_is_a_script_or_is_fetched() -> None:
    message = sent(build(given_.hostile()))
    attached = next(message.iter_attachments()).get_content()
    for html in (body(message, "html"), attached):
        parsed = Elements(html)
        assert not parsed.tags & {"script", "img", "link", "iframe", "object", "embed", "form"}
        assert not [name for name in parsed.attributes if name.startswith("on") or name == "src"]
        assert "url(" not in html


def test_the_styles_are_inlined_and_dark_mode_stays() -> None:
    html, _ = mail_html(build(given_.busy()))
    assert "prefers-color-scheme: dark" in html
    assert re.search(r'<td class="cell" style="[^"]*padding', html)
    assert 'role="presentation"' in html


def test_digest_findings_are_a_count() -> None:
    html, _ = mail_html(build(given_.busy()))
    assert "The scope of Release 3.2 grew" not in html
    assert re.search(r"scope\.net</span>: 1", html)


def test_a_quiet_week_is_one_line_and_keeps_its_page() -> None:
    message = sent(build(given_.quiet()))
    html = body(message, "html")
    assert "Nothing new; 1 finding still open." in html
    assert html.count("<h2") == 1
    assert len(body(message, "plain").splitlines()) < 15
    assert len(list(message.iter_attachments())) == 2


def test_a_large_report_drops_sections_in_a_fixed_order_and_says_so() -> None:
    data = build(given_.huge())
    html, dropped = mail_html(data)
    assert encoded_size(html) <= BUDGET
    assert dropped
    assert dropped == DROP_ORDER[: len(dropped)]
    assert "Left out to keep this mail small: findings of the page" in html
    assert html.count('scope="row"') <= 40
    message = sent(data)
    page = next(message.iter_attachments()).get_content()
    assert page.count("data-level=") == 400
    assert len(body(message, "plain").splitlines()) <= 602


@pytest.mark.parametrize("number", [200, pytest.param(2_000, marks=pytest.mark.full)])
def test_any_number_of_findings_with_titles_without_end(number: int) -> None:
    data = build(
        given_.reconciliation(
            findings=tuple(
                given_.finding(
                    str(n),
                    detector=("plan.due-moved", "data.plan-gap", "data.contradiction")[n % 3],
                    title=f"{n} " + "überlang <&> " * 800,
                    what="w" * 10_000,
                    so_what="s " * 5_000,
                )
                for n in range(number)
            )
        )
    )
    assert len(data.findings) == number
    html, dropped = mail_html(data)
    assert encoded_size(html) <= BUDGET
    assert ("it is all in the attached page" in html) == bool(dropped)
    assert "[Apollo] " in data.subject
    message = compose(data, sender=SENDER, recipient=TO)
    part = message.get_body(("html",))
    assert part is not None
    assert len(part.as_bytes()) <= BUDGET + 200


def test_even_a_monstrous_report_fits() -> None:
    long = "ŵörd " * 118
    data = build(
        given_.reconciliation(
            milestones=tuple(
                given_.milestone(long, withheld=long, source_id=str(n)) for n in range(60)
            ),
            findings=tuple(
                given_.finding(str(n), title=long, so_what=long, who=long, remedy=f"{n} {long}")
                for n in range(60)
            ),
            certificates=tuple(
                given_.certificate(scope=f"{n}{long}", outcome="failed", reason=long)
                for n in range(60)
            ),
        )
    )
    html, dropped = mail_html(data)
    assert encoded_size(html) <= BUDGET
    assert "trust" in dropped
    assert "60 sources not completely read" in html


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b.example, c@d.example",
        "a@b.example\r\nBcc: victim@example.com",
        "a b@example.com",
        "@example.com",
        "a@",
        "a@exam ple.com",
        "A <a@b.example>\nX: y",
        "a@b.example\u202e",
    ],
)
def test_what_is_not_one_address_is_refused(address: str) -> None:
    data = build(given_.quiet())
    with pytest.raises(ConfigError, match="is not one mail address"):
        compose(data, sender=SENDER, recipient=address)
    with pytest.raises(ConfigError, match="is not one mail address"):
        compose(data, sender=address, recipient=TO)


def test_a_host_with_other_letters_travels_in_ascii() -> None:
    message = compose(build(given_.quiet()), sender="a@bücher.example", recipient="b@x.example")
    assert str(message["From"]) == "a@xn--bcher-kva.example"
    assert str(message["Message-ID"]).endswith(".driftline@xn--bcher-kva.example>")


@pytest.mark.parametrize(
    "name", ["Jürgen Größe", "山田 太郎", "Weiß, Anna", 'Anna "Ann" O', "Ёлка " * 12]
)
def test_a_name_in_any_letters_arrives_as_it_is(name: str) -> None:
    address = Address(name.strip(), "anna", "example.com")
    raw = eml(compose(build(given_.quiet()), sender=SENDER, recipient=str(address)))
    # Read word by word: the library's parser of addresses keeps blanks between encoded words.
    words, spec = parseaddr(message_from_bytes(raw)["To"])
    assert (str(make_header(decode_header(words))), spec) == (name.strip(), "anna@example.com")
    assert message_from_bytes(raw, policy=policy.default)["To"].addresses[0].username == "anna"


def test_a_program_name_without_ascii_still_has_a_list() -> None:
    message = sent(build(given_.reconciliation(program="阿波罗")))
    assert re.fullmatch(r"<program-[0-9a-f]{8}\.driftline\.example\.com>", message["List-Id"])
    assert str(message["Subject"]).startswith("[阿波罗] ")


@given(st.text(st.characters(), max_size=120))
def test_no_text_breaks_out_of_a_header(text: str) -> None:
    data = build(
        given_.reconciliation(
            program=text,
            findings=(given_.overdue(title=text, milestone_label=text),),
            milestones=(),
        )
    )
    message = sent(data, attach=False)
    assert str(message["Subject"]) == data.subject
    assert sorted({name.lower() for name in message}) == [
        "auto-submitted",
        "content-type",
        "date",
        "from",
        "in-reply-to",
        "list-id",
        "list-unsubscribe",
        "message-id",
        "mime-version",
        "references",
        "subject",
        "to",
        "x-auto-response-suppress",
        "x-driftline-run",
    ]
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


@given(
    st.text(st.characters(), max_size=60) | st.sampled_from(["../../etc/x", "C:\\x", "a/b", "."])
)
def test_no_programs_name_leads_out_of_a_directory(program: str) -> None:
    message = sent(build(given_.reconciliation(program=program)))
    page, findings = [str(part.get_filename()) for part in message.iter_attachments()]
    assert re.fullmatch(r"[a-z0-9-]+-\d{4}-\d{2}-\d{2}\.html", page)
    assert findings == page.replace(".html", "-findings.csv")
