"""Whatever a title says, it is a title in every form: read by a parser of the form itself."""

import csv
import html
import io
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes, policy
from html.parser import HTMLParser
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from support import calendars, hostile
from support import reconciliations as given_

from sync.report import json_, mail
from sync.report.build import build
from sync.report.clean import clean
from sync.report.data import ReportData
from sync.report.rendering import FORMATS, TABLES, render

HOME = ("https://jira.example.com/", "https://code.example.com/")
SHORT = tuple(hostile.TEXTS.values())
#: Characters that no form may hold, whatever stands in the source.
FORBIDDEN = frozenset(
    "\u200b\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


def report(*texts: str) -> ReportData:
    """A report with something in each part, in which the texts stand one after the other."""
    return build(hostile.Poison(*texts)(given_.whole()), audience="engineer")


class Page(HTMLParser):
    """Elements with their attributes, and where links lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.shape: list[tuple[str, tuple[str, ...]]] = []
        self.links: set[str] = set()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, tuple(name for name, _ in attrs)))
        self.links |= {value or "" for name, value in attrs if name in ("href", "src")}

    def handle_comment(self, data: str) -> None:
        self.shape.append(("comment", ()))

    def handle_decl(self, decl: str) -> None:
        self.shape.append((decl, ()))


def page_shape(text: str) -> Any:
    page = Page(text)
    assert not [
        one for one in page.links if not one.startswith((*HOME, "#", "cid:", "data:image/"))
    ]
    # The page sets what stands between backticks in letters of one width; that does nothing.
    return [one for one in page.shape if one != ("code", ())]


def text_shape(text: str) -> Any:
    """How many headings it has: lines that are nothing but a rule."""
    return sum(bool(line) and set(line) <= {"-", "="} for line in text.split("\n"))


def markdown_shape(text: str) -> Any:
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text)
    read = Page(page)
    assert not [one for one in read.links if not one.startswith(HOME)]
    words = html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"<code>.*?</code>", "", page)))
    # What hosts look for after the Markdown was read.
    assert not re.search(r"://|www\.|@\w|#\d|!\d|\bGH-\d", words, re.IGNORECASE)
    assert not [line for line in text.split("\n") if line.lstrip().startswith("/")]
    # What is to be typed stands in code, where hosts look for nothing.
    return Counter(one for one in read.shape if one != ("code", ()))


def json_shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: json_shape(one) for name, one in value.items()}
    if isinstance(value, list):
        return [json_shape(one) for one in value]
    return type(value).__name__


def document_shape(text: str) -> Any:
    document = json.loads(text)
    assert Draft202012Validator(json_.schema()).is_valid(document)
    return json_shape(document)


def csv_shape(text: str) -> Any:
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    for cell in (cell for row in rows for cell in row):
        if not re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?", cell):
            assert not cell.lstrip(" \"'").startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20")) or (
                cell.startswith("'")
            ), cell
    return [len(row) for row in rows]


def metrics_shape(text: str) -> Any:
    assert text.count("\n# EOF\n") == 1
    assert text.endswith("\n# EOF\n")
    return Counter(
        (one.name, tuple(sorted(one.labels)), one.value)
        for family in text_string_to_metric_families(text)
        for one in family.samples
    )


def slack_shape(text: str) -> Any:
    payload = json.loads(text)
    assert not set("<>") & set(payload["text"])
    return json_shape(payload)


def sarif_shape(text: str) -> Any:
    log = json.loads(text)
    for one in log["runs"][0]["results"]:
        said = one["message"]["text"]
        assert "](" not in said
        assert not re.search(r"[{}]", said.replace("{{", "").replace("}}", ""))
    return json_shape(log)


SHAPES: dict[str, Callable[[str], Any]] = {
    "text": text_shape,
    "html": page_shape,
    "json": document_shape,
    "markdown": markdown_shape,
    "csv": csv_shape,
    "openmetrics": metrics_shape,
    "sarif": sarif_shape,
    "slack": slack_shape,
    "ics": lambda text: [sorted(one) for one in calendars.events(text)],
    "teams": lambda text: json_shape(json.loads(text)),
}
HARMLESS = report("y")


def check(text: str) -> None:
    """No control, no lone half of a character, nothing that turns the reading order."""
    bad = {
        char
        for char in text
        if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") and char not in "\r\n"
    }
    assert not bad
    assert not FORBIDDEN & set(text)
    text.encode()


def test_every_form_is_asked() -> None:
    assert set(SHAPES) == set(FORMATS)


@pytest.mark.parametrize("form", FORMATS)
def test_titles_are_titles_in_every_form(form: str) -> None:
    expected = SHAPES[form](render(HARMLESS, form))
    # Each text stands in another place each time.
    for turn in range(0, len(SHORT), 7):
        text = render(report(*SHORT[turn:], *SHORT[:turn]), form)
        check(text)
        assert SHAPES[form](text) == expected


@pytest.mark.full
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", sorted(hostile.TEXTS))
def test_each_text_is_harmless_wherever_it_stands(form: str, name: str) -> None:
    text = render(report(hostile.TEXTS[name]), form)
    check(text)
    assert SHAPES[form](text) == SHAPES[form](render(HARMLESS, form))


def alone(text: str) -> ReportData:
    """A report whose one finding and one milestone begin with the text."""
    words = ("title", "what", "so_what", "who", "by_when", "remedy", "subject_label")
    evidence = (given_.Evidence(text, url=given_.finding().evidence[0].url, source=text),)
    found = given_.finding(**dict.fromkeys(words, text), milestone_label=text, evidence=evidence)
    return build(
        given_.reconciliation(
            program=text,
            findings=(found,),
            milestones=(given_.milestone(text),),
            questions=(given_.Question(text, text),),
            not_checked=((text, text, text),),
            hygiene=(text,),
        )
    )


@pytest.mark.parametrize("form", FORMATS)
def test_what_a_text_begins_with_is_harmless_too(form: str) -> None:
    expected = SHAPES[form](render(alone("y"), form))
    for name, text in hostile.TEXTS.items():
        if clean(text):
            told = render(alone(text), form)
            check(told)
            assert SHAPES[form](told) == expected, name


@pytest.mark.parametrize("table", TABLES)
def test_titles_are_titles_in_every_table(table: str) -> None:
    expected = csv_shape(render(HARMLESS, "csv", table))
    for turn in range(0, len(SHORT), 7):
        text = render(report(*SHORT[turn:], *SHORT[:turn]), "csv", table)
        check(text)
        assert csv_shape(text) == expected


@pytest.mark.parametrize("form", FORMATS)
def test_titles_in_a_file_from_elsewhere_are_titles_too(form: str) -> None:
    # No JSON file can hold half a character.
    whole = [one for one in SHORT if "\ud83d" not in one]
    plain, wild = (
        json_.load(json_.render(hostile.Poison(*texts)(HARMLESS)).encode(), "report.json")
        for texts in (["y"], whole)
    )
    text = render(wild, form)
    check(text)
    assert SHAPES[form](text) == SHAPES[form](render(plain, form))


def mail_shape(data: ReportData) -> Any:
    content = mail.eml(mail.compose(data, sender="tpm@example.com", recipient="anna@example.com"))
    message = message_from_bytes(content, policy=policy.default)
    assert message["To"] == "anna@example.com"
    assert not message.defects
    parts = []
    for part in message.walk():
        assert not part.defects
        body = part.get_content() if not part.is_multipart() else None
        shape: Any = None
        if isinstance(body, str):
            check(body)
            kind = part.get_content_subtype()
            shape = {"html": page_shape, "plain": text_shape, "csv": csv_shape}[kind](body)
        parts.append((part.get_content_type(), shape))
    return sorted(message.keys()), parts


def test_titles_are_titles_in_a_mail() -> None:
    assert mail_shape(report(*SHORT)) == mail_shape(HARMLESS)


@pytest.mark.parametrize("form", FORMATS)
def test_a_title_without_end_is_cut(form: str) -> None:
    text = render(report(hostile.LONG), form)
    check(text)
    assert "long " * 200 not in re.sub(r"\s+", " ", text)
    if form not in ("markdown", "slack", "teams"):
        assert SHAPES[form](text) == SHAPES[form](render(HARMLESS, form))


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example/x",
        "https://user:word@evil.example/",
        "https://evil.example/\u202egnp",
        "https://evil.example/ onclick=x",
        'https://evil.example/"><script>',
        "https://evil.example/\r\nX: y",
    ],
)
def test_no_form_links_to_an_address_that_could_act(url: str) -> None:
    proof = given_.Evidence("proof", url=url)
    data = build(
        given_.reconciliation(
            findings=(given_.finding(evidence=(proof,)),), milestones=(given_.milestone(url=url),)
        ),
        audience="engineer",
    )
    for form in FORMATS:
        text = render(data, form)
        assert "evil.example" not in text, form
        assert url not in text, form
