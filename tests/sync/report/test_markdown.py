"""Markdown that says what the report says, and nothing that a title wants."""

import html
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from support import reconciliations as given_

from sync.reconcile.contract import Answer, AnswerKind, Severity
from sync.report import markdown
from sync.report.build import AUDIENCES, build
from sync.report.clean import clean
from sync.report.note import note

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
#: What a host makes a link, a mention or a reference of, after the Markdown was read.
JOINED = re.compile(
    r"://|www\.|@\w|#\d|!\d|~\w|%\d|&\d|\$\d|\^\w|\*\w|\[\w|\bG[HL]-\d", re.IGNORECASE
)

#: Where a text of others can stand in a line of ours.
PLACES = {
    "a list": "- {}\n",
    "a numbered list": "1. {}\n",
    "a heading": "# {}: drift report\n",
    "a cell": "| a | b |\n| --- | --- |\n| {} | y |\n",
    "a paragraph": "**Word**: {}\n",
    "a link": "- [{}](<https://example.com/>)\n",
}
TAGS = {
    "a list": ["ul", "li"],
    "a numbered list": ["ol", "li"],
    "a heading": ["h1"],
    "a cell": ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"],
    "a paragraph": ["p", "strong"],
    "a link": ["ul", "li", "a"],
}
PIECES = st.sampled_from(
    [
        *"&<>\"'|`\\*_[](){}~$^#+-=:!@%./ \n\t0a1x",
        *("<b>", "](javascript:x)", "![", "https://", "www.", "&lt;", "&#60;", "---", "1. ", "- "),
        *("GH-", "@a", "#1", "<!-- ", "-->", "<http://x>", "a@b.example", "/close", "    ", "``"),
    ]
)
TEXTS = st.one_of(st.lists(PIECES, max_size=10).map("".join), st.text(st.characters(), max_size=30))


def read(source: str) -> tuple[list[str], str]:
    """The elements of what a reader sees, and its words."""
    page = READER.render(source)
    words = html.unescape(re.sub(r"<[^>]*>", "", page))
    return re.findall(r"<([a-z0-9]+)", page), words


@pytest.mark.parametrize("place", sorted(PLACES))
@given(TEXTS)
def test_any_text_stays_itself_wherever_it_stands(place: str, text: str) -> None:
    shown = clean(text)
    tags, words = read(PLACES[place].format(markdown.plain(shown)))
    assert [tag for tag in tags if tag != "p"] == [tag for tag in TAGS[place] if tag != "p"]
    said = words.replace("\u200b", "")
    assert (shown or "") in re.sub(r"\s+", " ", said)
    assert not JOINED.search(words.replace("https://example.com/", ""))


@given(TEXTS)
def test_a_command_is_copied_letter_by_letter(text: str) -> None:
    shown = clean(text) or "x"
    tags, words = read(f"1. Question? Answer: {markdown.code(shown)}\n")
    assert tags == ["ol", "li", "code"]
    assert words.strip() == f"Question? Answer: {shown}"


@given(TEXTS)
def test_what_is_to_be_typed_stands_in_code_and_the_rest_is_text(text: str) -> None:
    shown = clean(text)
    tags, words = read(f"1. {markdown.typed(shown)} (x)\n")
    assert tags[:2] == ["ol", "li"]
    assert set(tags[2:]) <= {"code"}
    assert words.replace("\u200b", "").replace("`", "").split() == (
        f"{shown} (x)".replace("`", "").split()
    )


def test_a_command_in_a_remedy_is_code() -> None:
    blind = given_.blind_spot(remedy="Run `driftline check`, then look.")
    text = markdown.render(build(given_.reconciliation(findings=(blind,))))
    assert "1. Run `driftline check`, then look. (who: you; by: today)" in text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Release 3.2 is late", "Release 3.2 is late"),
        ("about 30 %, +10 points", "about 30 %, +10 points"),
        ("snake_case_name", "snake_case_name"),
        ("__init__", "&#95;&#95;init&#95;&#95;"),
        ("@team: see #12", "@&#8203;team: see #&#8203;12"),
        ("fixes GH-12", "fixes GH-&#8203;12"),
        ("/close", "&#47;close"),
        ("1. x", "1&#46; x"),
        ("- x", "&#45; x"),
    ],
)
def test_ordinary_words_stay_readable_in_the_source(text: str, written: str) -> None:
    assert markdown.plain(text) == written


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("name", sorted(given_.EXAMPLES))
def test_no_table_is_wider_than_seven_columns(name: str, audience: str) -> None:
    text = markdown.render(build(given_.EXAMPLES[name](), audience=audience))
    for line in text.splitlines():
        assert line.count("|") <= 8
        # A command of GitLab would stand at the beginning of a line.
        assert not line.lstrip().startswith("/")


def test_an_executive_reads_the_first_parts_only() -> None:
    titles = {
        audience: re.findall(
            r"^## (.*)", markdown.render(build(given_.busy(), audience=audience)), re.M
        )
        for audience in AUDIENCES
    }
    assert titles["executive"] == [
        "Decide or do",
        "What changed since 1 Dec",
        "Top risks",
        "Milestones",
        "What this rests on",
    ]
    assert "How the scope came to be" in titles["manager"]
    engineer = markdown.render(build(given_.busy(), audience="engineer"))
    assert "driftline explain fp-late" in engineer
    assert "driftline explain fp-late" not in markdown.render(build(given_.busy()))


def test_what_is_not_known_is_said() -> None:
    text = markdown.render(
        build(replace(given_.busy(), milestones=(given_.milestone(forecast=None),)))
    )
    assert "| unknown | unknown | 12 of 20 done" in text


def test_a_quiet_week_is_one_line() -> None:
    text = markdown.render(build(given_.quiet()))
    assert "**Quiet**: Nothing new; 1 finding still open." in text
    assert "## Milestones" not in text


def test_a_long_report_fits_an_issue_and_says_what_it_left_out() -> None:
    text = markdown.render(build(given_.huge()))
    assert len(text) < 65_536
    wild = "[" * 600
    data = build(
        given_.reconciliation(
            program=wild,
            findings=tuple(
                given_.finding(str(n), title=wild, what=wild, so_what=wild, who=wild, remedy=wild)
                for n in range(60)
            ),
            questions=given_.first_run().questions,
            milestones=tuple(given_.milestone(wild, source_id=str(n)) for n in range(60)),
        )
    )
    long = markdown.render(data)
    assert len(long) < 65_536
    assert "Left out because this would grow too long: " in long


def test_it_has_the_parts_of_a_whole_report() -> None:
    text = markdown.render(build(given_.whole(), audience="engineer"))
    titles = re.findall(r"^## (.*)", text, re.M)
    assert titles == [
        "Decide or do",
        "What changed since 1 Dec",
        "Top risks",
        "Milestones",
        "How the scope came to be",
        "Quality gate",
        "Flow and load",
        "Answered",
        "Still open, unchanged",
        "In the page only",
        "Not confirmed",
        "Not checked",
        "What this rests on",
    ]
    assert "Impact: 10 days past the promised date" in text


def test_a_note_stands_beside_the_verdict_and_says_whose_it_is() -> None:
    said = note("All is *fine*, see #3.", "Anna", given_.AT)
    text = markdown.render(build(given_.busy(), note=said))
    verdict, beside = text.index("**Off track**"), text.index("**Note** by Anna")
    assert verdict < beside < text.index("## ")
    assert "All is &#42;&#8203;fine&#42;, see #&#8203;3." in text


def test_what_people_answered_is_told_in_short() -> None:
    taken = Answer(
        fingerprint="fp-a",
        detector="plan.due-moved",
        kind=AnswerKind.ACKNOWLEDGE,
        author="Anna",
        at=given_.BEFORE,
        severity=Severity.MEDIUM,
        magnitude=2.0,
    )
    data = build(given_.reconciliation(findings=(given_.finding(answer=taken), given_.overdue())))
    text = markdown.render(data)
    part = text.split("## Answered\n\n")[1].split("\n\n")[0]
    assert "The date of Release 3.2 moved twice (a)" in part
    assert "Anna" in part
