"""The page: self-contained, escaped, complete without its script."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from support import reconciliations as given_

from sync.report.build import build
from sync.report.data import ReportData
from sync.report.html import commands, render, share


class Page(HTMLParser):
    """What is in a page: elements, attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "input", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)

    def names(self) -> set[str]:
        return {tag for tag, _ in self.elements}


# fmt: off
ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "a", "header", "h1", "h2", "h3", "p",
    "main", "div", "span", "ul", "ol", "li", "section", "strong", "br", "code", "table",
    "caption", "thead", "tbody", "tr", "th", "td", "svg", "rect", "details", "summary",
    "label", "input", "select", "option", "footer", "script", "figure", "figcaption", "nav", "dl",
    "dt", "dd", "button",
    "desc", "text", "polyline", "polygon", "path", "line",
}
# fmt: on


def digest(body: str) -> str:
    return base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()


def page(name: str, **options: bool) -> tuple[str, Page, ReportData]:
    data = build({**given_.EXAMPLES, "huge": given_.huge}[name]())
    text = render(data, **options)
    return text, Page(text), data


@pytest.mark.parametrize("name", [*sorted(given_.EXAMPLES), "huge"])
def test_every_page_is_well_formed_and_holds_only_our_elements(name: str) -> None:
    _, parsed, _ = page(name)
    assert parsed.open == []
    assert parsed.names() <= ALLOWED
    assert [tag for tag, _ in parsed.elements].count("script") == 1
    for _, attributes in parsed.elements:
        assert not [key for key in attributes if key.startswith("on") or key in ("style", "src")]
        assert (attributes.get("href") or "#").startswith(("#", "https://", "http://"))


def test_hostile_text_is_shown_as_text() -> None:
    _, parsed, _ = page("hostile")
    shown = " ".join(parsed.text)
    assert "<script>alert(1)</script>" in shown
    assert "{{ 7 * 7 }} {% raw %}" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize("script", [True, False])
def test_the_policy_allows_our_style_and_script_and_nothing_else(script: bool) -> None:
    text, parsed, _ = page("busy", script=script)
    policy = next(
        attributes["content"] or ""
        for tag, attributes in parsed.elements
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        bodies = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        wanted = [f"{tag}-src 'sha256-{digest(body)}'" for body in bodies] or [f"{tag}-src 'none'"]
        assert [part for part in policy.split("; ") if part.startswith(tag)] == wanted


def test_the_page_asks_for_nothing() -> None:
    text, _, _ = page("huge")
    assert not re.search(r"(?:src|srcset|data|poster|action)\s*=\s*[\"']?http", text)
    assert "url(" not in text
    assert "@import" not in text
    assert "fetch(" not in text


def test_the_language_the_headings_and_the_tables_are_marked() -> None:
    _, parsed, _ = page("busy")
    assert ("html", {"lang": "en"}) in parsed.elements
    levels = [int(tag[1]) for tag, _ in parsed.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(attributes.get("scope") for tag, attributes in parsed.elements if tag == "th")
    tags = [tag for tag, _ in parsed.elements]
    assert tags.count("caption") == tags.count("table")
    ids = [attributes["id"] for _, attributes in parsed.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))
    labelled = {
        attributes["aria-labelledby"] for tag, attributes in parsed.elements if tag == "section"
    }
    assert labelled <= set(ids)


def test_every_finding_is_in_the_page_with_its_evidence() -> None:
    _, parsed, data = page("huge")
    rows = [attributes for tag, attributes in parsed.elements if "data-level" in attributes]
    assert len(rows) == len(data.findings) == 400
    shown = " ".join(parsed.text)
    for item in data.findings:
        assert item.title in shown


def test_without_a_script_nothing_is_missing() -> None:
    _, with_script, _ = page("busy")
    _, without, _ = page("busy", script=False)
    assert "".join(with_script.text).split() == "".join(without.text).split()
    assert "script" not in without.names()


def test_the_share_of_done_work_stays_in_its_bounds() -> None:
    def row(done: int, total: int) -> int:
        line = given_.milestone(done_items=done, total_items=total)
        return share(build(given_.reconciliation(milestones=(line,))).milestones[0])

    assert [row(12, 20), row(0, 0), row(5, 4), row(0, 9), row(1, 3)] == [60, 0, 100, 0, 33]


def headings(name: str, audience: str) -> list[str]:
    """Titles of the parts, in their order."""
    text = render(build(given_.EXAMPLES[name](), audience=audience))
    return re.findall(r"<h2[^>]*>(?:<span[^>]*>)?([^<]+)", text)


def test_the_ten_parts_in_their_order() -> None:
    assert headings("whole", "manager") == [
        "◆ off track",
        "Decide or do",
        "What changed since 1 Dec",
        "Top risks",
        "Milestones",
        "How the scope came to be",
        "Quality gate",
        "Flow and load",
        "Still open, unchanged",
        "Answered",
        "Not confirmed",
        "Not checked",
        "All findings",
        "What this rests on",
    ]


def test_an_executive_reads_the_first_five_and_what_they_rest_on() -> None:
    assert headings("whole", "executive") == [
        "◆ off track",
        "Decide or do",
        "What changed since 1 Dec",
        "Top risks",
        "Milestones",
        "What this rests on",
    ]


def test_each_entry_of_the_contents_leads_to_a_part_that_is_there() -> None:
    for name in given_.EXAMPLES:
        for audience in ("executive", "manager", "engineer"):
            text = render(build(given_.EXAMPLES[name](), audience=audience))
            inner = set(re.findall(r'href="#([^"]+)"', text))
            assert len(inner) > 2
            assert inner <= set(re.findall(r' id="([^"]+)"', text)), name


def test_an_engineer_reads_keys_and_rules_where_a_manager_does_not() -> None:
    pages = {
        audience: render(build(given_.whole(), audience=audience))
        for audience in ("manager", "engineer")
    }
    about = "<dt>About</dt><dd>shop/web#40</dd>"
    assert about in pages["engineer"]
    assert about not in pages["manager"]
    assert "Look at the eight open items of Release 3.2." in pages["engineer"]
    assert "Look at the eight open items of Release 3.2." not in pages["manager"]


def test_what_a_milestone_says_in_its_cells() -> None:
    text = render(build(given_.whole()))
    for words in (
        "P50\N{NO-BREAK SPACE}9\N{NO-BREAK SPACE}Jan\N{NO-BREAK SPACE}2026",
        "about 30 % (unproven)",
        "+25 % (churn 50 %; 7 entered, 2 left)",
        "72 % of changed lines, 2 not known",
        "later by 11 days since 1 Dec",
        "18 Dec 2025, moved 2 times (first 4 Dec 2025)",
    ):
        assert words in text, words


def test_what_is_to_be_typed_stands_apart_and_stays_escaped() -> None:
    assert str(commands("Run `driftline check` or <b>, not `rm` or `driftline <b>`")) == (
        "Run <code>driftline check</code> or &lt;b&gt;, not `rm` or `driftline &lt;b&gt;`"
    )


def test_answers_stand_in_their_part_and_beside_their_findings() -> None:
    text = render(build(given_.whole()))
    assert "1 taken, 1 accepted, 1 snoozed; the next answer ends after 20 Dec" in text
    assert "accepted by ada until 20 Dec: the vendor repairs it" in text
    assert ">still open, accepted</td>" in text
    assert ">still open, taken</td>" in text


def test_a_finding_is_answered_by_mail_where_somebody_reads_the_answers() -> None:
    data = build(given_.busy())
    links = {"fp-late": (("Wrong", "mailto:tpm@example.com?subject=wrong%20fp-late"),)}
    text = render(data, links=links)
    link = 'href="mailto:tpm@example.com?subject=wrong%20fp-late"'
    # Among the top risks, and in the list of all findings.
    assert text.count(link) == 2
    assert "mailto:" not in render(data)
