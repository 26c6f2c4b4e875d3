"""A server that sends the token back, and people who choose their titles badly: every output."""

import base64
import contextlib
import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
import zstandard
from support.commands import CONFIG
from support.jira_site import Bench, serving

from connectors import redaction
from connectors.simulator.faults import Fault
from sync.cli.app import App
from sync.cli.main import main
from sync.pasted import toml
from sync.report.rendering import FORMATS
from sync.store import schema
from sync.store.open import open_store
from sync.store.views import VIEWS

TOKEN = "ATATT3xFf+GF0_t4-9/b=0D1E2F3A"
EMAIL = "owner@example.net"
PAIR = base64.b64encode(f"{EMAIL}:{TOKEN}".encode()).decode()
#: The token as a server, a log or an attacker may write it.
FORMS = {
    "plain": TOKEN,
    "quoted": quote(TOKEN, safe=""),
    "base64": base64.b64encode(TOKEN.encode()).decode(),
    "with the login": PAIR,
    "hexadecimal": TOKEN.encode().hex(),
    "in JSON": TOKEN.replace("/", "\\/").replace("+", "\\u002b").replace("=", "\\u003d"),
}
#: Where the simulated site says that it is.
HOME = "https://apollo.example.net/"
#: Where answers to findings go: the reader who is told of them.
ANSWER = "mailto:tpm@example.net?subject=%5BApollo%5D%20"
#: What must not act on anything that shows it.
ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea><!--",
    "\x1b]0;owned\x07\x1b[2J",
    "\x9b31m",
    "\u202egnp.exe\u2066",
    "x\r\nBcc: everybody@example.org",
    "x\nforged: all is well",
    "=HYPERLINK(1)",
    "+1+1",
    "@SUM(1)",
    "'; DROP TABLE work_item; --",
    "{{ 7*7 }}{% raw %}",
    "[click](javascript:alert(1)) ![x](https://evil.example/x.png)",
    "$(touch owned) `touch owned`",
    "%s %(x)s {0}",
    "\ud83d \x00 lone",
    "<!channel> @team #1 | data:text/html,x https://u:p@evil.example/ \u200b\u00ad\ufeff "
    + "e"
    + "\u0301" * 60,
    '# EOF "} 1 {0} 👩\u200d💻 ' + "long " * 2000,
)
MARKER = "Takeover of Globex"
MILESTONE = f'Release 3.2 {ATTACKS[0]}"$(touch owned)" \x1b[31m\u202e'


@dataclass
class Shown:
    """Everything that came out of all commands."""

    directory: Path
    #: command -> what it printed, both ways together.
    printed: dict[str, str] = field(default_factory=dict)
    #: name -> content of every file that was left.
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def everything(self) -> dict[str, str]:
        """All of it as text."""
        texts = {name: content.decode("utf-8", "replace") for name, content in self.files.items()}
        return {**self.printed, **texts}


def spoil(bench: Bench) -> None:
    """Titles, names and descriptions of the worst kind; a third of the items is restricted."""
    world = bench.world
    world.credentials["owner"].token = TOKEN
    forms = list(FORMS.values())
    for n, issue in enumerate(world.issues.values()):
        attack = ATTACKS[n % len(ATTACKS)]
        issue.summary = f"{attack} {forms[n % len(forms)]} item"
        issue.description = f"{forms[(n + 1) % len(forms)]} {attack}"
        issue.labels = [attack]
        issue.restricted = n >= len(world.issues) - 4
        if issue.restricted:
            issue.summary = f"{MARKER} {n}"
    for person in world.people.values():
        person.name = f"{person.name} {ATTACKS[1]} {ATTACKS[4]} {TOKEN}"
    for project in world.projects.values():
        project.name = f"{ATTACKS[3]} {TOKEN}"
    for version in world.versions.values():
        overdue = version.name == "Release 3.2"
        version.name = MILESTONE if overdue else f"{ATTACKS[8]} {version.id}"
        version.due = date(2026, 1, 30) if overdue else version.due
    for sprint in world.sprints.values():
        sprint.name = f"{sprint.name} {ATTACKS[7]}"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    made = Shown(tmp_path_factory.mktemp("desk"))
    with (
        serving(issues=18) as bench,
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setattr(redaction, "_known", ())
        patched.chdir(made.directory)
        patched.setenv("JIRA_TOKEN", TOKEN)
        spoil(bench)
        text = CONFIG.format(url=bench.simulator.url(bench.dialect), email=EMAIL)
        judged = text.replace('"APO:Release 3.2"', toml(f"APO:{clean_name(MILESTONE)}"))
        Path("driftline.toml").write_text(judged, encoding="utf-8")

        def type_(*words: str) -> str:
            out = io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
                main(list(words), app=App(clock=bench.clock, sleep=bench.clock.sleep))
            made.printed[" ".join(words)] = out.getvalue()
            return out.getvalue()

        bench.simulator.script.faults.append(
            Fault(
                "project/search",
                status=400,
                body=json.dumps(
                    {"errorMessages": [f"{form} {ATTACKS[3]}" for form in FORMS.values()]}
                ).encode(),
                headers={"X-Echo": TOKEN, "Link": f'<https://x/?token={TOKEN}>; rel="next"'},
            )
        )
        type_("check", "--debug")
        bench.simulator.script.faults.append(
            Fault(
                "search",
                status=200,
                body=f"<html><title>{TOKEN} \x1b[2J</title></html>".encode(),
                content_type="text/html",
            )
        )
        type_("--debug", "sync")
        type_("sync", "--debug")
        type_("run", "--no-mail", "--debug")
        found = json.loads(type_("reconcile", "--json"))
        type_("reconcile", "--debug")
        for command in ("status", "check", "milestones list", "baseline list", "mapping lint"):
            type_(*command.split())
            type_(*command.split(), "--json")
        type_("findings", "list", "--all")
        for one in found["findings"][:4]:
            type_("explain", one["fingerprint"])
            type_("explain", one["fingerprint"], "--json")
            type_("findings", "show", one["fingerprint"])
        for form in FORMATS:
            type_("report", "--format", form)
        type_("report", "--email", "--dry-run")
        for view in VIEWS:
            for form in ("csv", "jsonl") if "item" in view.name else ("csv",):
                type_("export", view.name, "--format", form, "--out", f"{view.name}.{form}")
        type_("export", "v_work_item")
        for path in made.directory.rglob("*"):
            if path.is_file():
                made.files[str(path.relative_to(made.directory))] = path.read_bytes()
        yield made


def clean_name(name: str) -> str:
    """A milestone's name as it is stored: no control characters."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", name)


def test_the_commands_did_their_work(shown: Shown) -> None:
    """So that what follows is about something."""
    assert " issues: complete, " in shown.printed["sync --debug"]
    assert any(name.startswith("explain") for name in shown.printed)
    assert json.loads(shown.printed["reconcile --json"])["findings"]
    assert {"reports/report.html", "reports/report.json", "v_work_item.csv"} <= set(shown.files)
    assert any(name.endswith(".eml") for name in shown.files)
    assert "item" in shown.files["v_work_item.csv"].decode()


# --- secrets ---------------------------------------------------------------------------------


def test_no_output_holds_the_token_in_any_form(shown: Shown) -> None:
    for name, text in shown.everything.items():
        for form, secret in FORMS.items():
            assert secret not in text, f"{name} holds the token {form}"


def test_the_store_holds_no_token_either(shown: Shown) -> None:
    """Payloads are compressed there, so each is unpacked."""
    store = open_store(str(shown.directory / "driftline.db"), read_only=True)
    try:
        with store.reading() as conn:
            payloads = conn.execute(schema.raw_record.select()).mappings().all()
            texts = [
                repr(tuple(row))
                for table in schema.metadata.sorted_tables
                if table is not schema.raw_record
                for row in conn.execute(table.select())
            ]
    finally:
        store.close()
    unpacked = [
        zstandard.ZstdDecompressor().decompress(row["payload"]).decode() for row in payloads
    ]
    assert any("***" in one for one in unpacked)
    for text in (*unpacked, *texts):
        for form, secret in FORMS.items():
            assert secret not in text, f"the store holds the token {form}: {text[:200]}"


# --- injection -------------------------------------------------------------------------------


def test_nothing_printed_acts_on_a_terminal(shown: Shown) -> None:
    for name, text in shown.printed.items():
        bad = {
            char
            for char in text
            if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") and char != "\n"
        }
        assert not bad, (name, bad)
        assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"), name


def test_no_title_forges_a_line(shown: Shown) -> None:
    for name, text in shown.printed.items():
        # A cell may have several lines, within quotes.
        if name.startswith("export"):
            continue
        assert not [line for line in text.split("\n") if line.startswith("forged:")], name


class Page(HTMLParser):
    """Elements, attributes and addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.links: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names.update(name for name, _ in attrs)
        self.links.update(value or "" for name, value in attrs if name in ("href", "src"))


@pytest.mark.full
def test_no_title_becomes_an_element_or_a_link(shown: Shown) -> None:
    pages = [shown.files["reports/report.html"].decode(), shown.printed["report --format html"]]
    for name, content in shown.files.items():
        if name.endswith(".eml"):
            message = message_from_bytes(content, policy=policy.default)
            pages += [
                one.get_content() for one in message.walk() if "html" in one.get_content_type()
            ]
    assert len(pages) >= 4
    for text in pages:
        page = Page(text)
        assert page.tags.count("script") <= 1
        # A mail brings its one picture along.
        assert page.tags.count("img") <= 1
        assert page.tags.count("img") == len([one for one in page.links if one.startswith("cid:")])
        assert not [name for name in page.names if name.startswith("on")]
        assert not [one for one in page.links if not one.startswith((HOME, "#", "cid:", ANSWER))]


def test_no_title_adds_a_header_to_a_mail(shown: Shown) -> None:
    mails = [one for name, one in shown.files.items() if name.endswith(".eml")]
    assert mails
    for content in mails:
        message = message_from_bytes(content, policy=policy.default)
        assert message["Bcc"] is None
        assert len(message.get_all("To")) == 1
        assert "everybody@example.org" not in str(message["To"])


@pytest.mark.full
def test_no_cell_is_a_formula(shown: Shown) -> None:
    tables = {name: one for name, one in shown.files.items() if name.endswith(".csv")}
    assert len(tables) == len(VIEWS)
    seen = 0
    for name, content in tables.items():
        rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
        assert {len(row) for row in rows} == {len(rows[0])}, name
        for cell in (cell for row in rows for cell in row):
            seen += cell.startswith("'")
            if not re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?", cell):
                assert not cell.lstrip().startswith(("=", "+", "-", "@")), (name, cell)
    assert seen


def test_lines_of_json_say_what_the_server_said(shown: Shown) -> None:
    lines = shown.files["v_work_item.jsonl"].decode().splitlines()
    titles = [json.loads(line)["title"] for line in lines]
    assert len(titles) == 23
    assert any("\u202egnp.exe" in title for title in titles)


def test_no_title_reaches_the_database_as_a_statement(shown: Shown) -> None:
    assert "DROP TABLE work_item" in shown.files["v_work_item.jsonl"].decode()


# --- restricted items ------------------------------------------------------------------------


def test_no_output_names_a_restricted_item(shown: Shown) -> None:
    """Not even those that the owner alone reads: they are handed on."""
    assert sum(json.loads(one)["restricted"] for one in jsonl(shown, "v_work_item")) >= 3
    for name, text in shown.everything.items():
        if name != "driftline.db" and not name.startswith("driftline.db-"):
            assert MARKER not in text, name


def jsonl(shown: Shown, view: str) -> list[str]:
    return shown.files[f"{view}.jsonl"].decode().splitlines()
