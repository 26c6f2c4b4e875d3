"""What the pages show is typed as a reader would, and works."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import pages, reader
from support.checkout import ROOT
from support.pages import GIVEN, READ, TYPED, Page

from sync.cli import reference

#: Written by the program, each command with an example of its own: those are typed alone.
MADE = "docs/commands.md"
PAGES = {one.name: one for one in pages.pages() if one.name != MADE}
SHOWN = [one for one in PAGES.values() if any(block.commands for block in one.blocks)]
EXAMPLES = {
    words: command.epilog.removeprefix("Example: ")
    for words, command in reference.commands()
    if command.epilog
}
#: Examples that nobody types here, and why.
NOT_RUN = {"worker": "it wants PostgreSQL and does not end; tests/sync/cli/test_worker.py runs it"}
JUNIT = """printf '<testsuite name="a" tests="1"><testcase name="a"/></testsuite>'"""
LCOV = "printf 'SF:a.py\\nDA:1,1\\nend_of_record\\n'"
#: What a person has by then, made by this.
BEFORE = {
    "evidence add": f"{JUNIT} > junit.xml; {LCOV} > coverage.xml",
    "evidence remove": f"{JUNIT} > junit.xml; driftline evidence add junit.xml --sha 1a2b3c4d",
    "findings reopen": "driftline findings ack 3f9a0c --reason asked",
    "findings import": "mkdir replies",
    "mapping shadow": "printf '[status]\\nParked = \"todo\"\\n' > new-mapping.toml",
    "milestones unlink": 'driftline milestones link "Release 3.2" "jira/APO:Release 3.2" '
    '"github/acme/web:v3.2"',
    "scope disagree": 'driftline scope agree APO-12 --milestone "APO:Release 3.2" --reason asked',
    "rehearse": "cp driftline.toml new.toml",
}
#: Codes that an example ends with as it should; 0 otherwise.
CODES = {"gate": 3, "reconcile": 3}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[reader.Company]:
    with reader.company(tmp_path_factory.mktemp("company")) as made:
        yield made


@pytest.mark.full
@pytest.mark.parametrize("page", SHOWN, ids=lambda page: page.name)
def test_what_a_page_shows_works_from_top_to_bottom(
    page: Page, company: reader.Company, tmp_path: Path
) -> None:
    """Each command of each block, in order, in a folder of the page's own."""
    answers = reader.Reader(company, tmp_path).follow(page.blocks)
    wanted = sum(len(one.commands) for one in page.blocks if one.not_run is None)
    assert len(answers) == wanted


@pytest.mark.full
@pytest.mark.parametrize("words", sorted({*EXAMPLES} - {*NOT_RUN}))
def test_the_example_of_a_command_works(
    words: str, company: reader.Company, tmp_path: Path
) -> None:
    someone = reader.Reader(company, tmp_path)
    someone.given("empty" if words == "init" else "company")
    if words in BEFORE:
        assert someone.type(company.words(BEFORE[words])).code == 0
    asked = "Apollo\nUTC\nowner@example.net\nJIRA_TOKEN\n\nyes\nall\n" if words == "init" else ""
    typed = company.words(EXAMPLES[words])
    if words == "evidence remove":
        given = json.loads(someone.type("driftline evidence list --json").out)["evidence"]
        typed = typed.replace("3f2a9c11", given[0]["id"])
    answer = someone.type(typed, asked)
    assert answer.code == CODES.get(words, 0), answer.out[-2000:] + answer.err[-2000:]


def test_every_command_has_an_example_that_is_typed() -> None:
    assert {*EXAMPLES} | {"demo"} == {words for words, _ in reference.commands()}
    assert {*NOT_RUN, *BEFORE, *CODES} <= {*EXAMPLES}
    text = (ROOT / MADE).read_text(encoding="utf-8")
    shown = [line for block in pages.page(MADE, text).blocks for line in block.commands]
    assert {*shown} == {*EXAMPLES.values()}


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda page: page.name)
def test_every_block_is_typed_or_read_or_says_why_not(page: Page) -> None:
    assert page.lost == ()
    for block in page.blocks:
        where = f"{page.name}:{block.line}"
        assert block.language in TYPED | READ or block.not_run, where
        assert not block.not_run or len(block.not_run) > 10, where
        assert {*block.told("given")} <= GIVEN, where
        assert block.commands or block.not_run or "\ndriftline " not in f"\n{block.text}", where
        assert block.commands or block.not_run or not block.told("exit"), where


PIECES = [
    (one.name, block.line, name, block.text)
    for one in PAGES.values()
    for block in one.blocks
    for name in block.told("from")
]


@pytest.mark.parametrize(
    ("page", "line", "name", "text"), PIECES, ids=lambda one: str(one)[:40].partition("\n")[0]
)
def test_code_that_a_page_shows_is_the_code(page: str, line: int, name: str, text: str) -> None:
    """Word for word; a method stands less far in than in its class."""
    held = (ROOT / name).read_text(encoding="utf-8")
    assert " ".join(text.split()) in " ".join(held.split()), f"{page}:{line}, not in {name}"


@pytest.mark.parametrize(
    ("page", "whole"),
    [
        ("docs/how-to/write-a-connector.md", ("connector", "tracker")),
        ("docs/how-to/write-a-mapping.md", ("mapping",)),
        ("docs/how-to/write-a-detector.md", ("detectors",)),
    ],
)
def test_a_tutorial_shows_each_step(page: str, whole: tuple[str, ...]) -> None:
    """Every public name that its modules define."""
    shown = "".join(block.text for block in PAGES[page].blocks if block.told("from"))
    for module in whole:
        path = f"examples/acme-tracker/acme_tracker/{module}.py"
        text = (ROOT / path).read_text(encoding="utf-8")
        for head in re.findall(r"^(?:    )?(?:def|class) [a-z]\w+|^[A-Z]+ =", text, re.M):
            assert head.strip() in shown or "request_count" in head or head == "CENSUS_PAGE =", head


def test_what_is_not_typed_is_counted_and_shown() -> None:
    """`pytest -s` shows them. What is left out is so on purpose: the count is part of the test."""
    left = [
        (one.name, block.line, block.not_run)
        for one in PAGES.values()
        for block in one.blocks
        if block.not_run
    ]
    typed = sum(len(b.commands) for one in SHOWN for b in one.blocks if b.not_run is None)
    examples = len(EXAMPLES) - len(NOT_RUN)
    print(f"\n{typed} commands on {len(SHOWN)} pages and {examples} examples are typed")
    print(f"{len(left)} blocks and {len(NOT_RUN)} example are not typed:")
    for name, line, why in left:
        print(f"  {name}:{line}: {why}")
    for words, why in NOT_RUN.items():
        print(f"  driftline {words}: {why}")
    assert len(left) == 22


def test_a_reader_notices() -> None:
    """Blocks without a language, marks that nobody knows, commands that go on."""
    made = pages.page(
        "a.md",
        "<!-- note: x -->\n```\nls\n```\n\n<!-- given: company -->\n"
        "<!-- exit: 3: because -->\n```sh\ndriftline a \\\n  b\n# no\nc\n```\n",
    )
    first, second = made.blocks
    assert first.language not in TYPED | READ
    assert made.lost == ((2, "<!-- note: x -->"),)
    assert second.commands == ["driftline a    b", "c"]
    assert (second.exit_code, second.told("given")) == (3, ["company"])
