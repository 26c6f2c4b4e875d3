"""The first days are the TPM's alone; then others read what a person has approved."""

import json
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from support.commands import Desk, desk
from support.mail_server import Handler, Running, mail_server

TPM, LEADS = "tpm@example.net", "leads@example.net"
NOTE = "The date is agreed with sales."


@pytest.fixture
def server() -> Iterator[Running]:
    with mail_server(Handler()) as running:
        yield running


@pytest.fixture
def at(
    server: Running,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Desk]:
    with desk(tmp_path, monkeypatch, capsys) as made:
        made.write(made.text() + f'host = "127.0.0.1"\nport = {server.port}\nsecurity = "plain"\n')
        yield made


def take(server: Running) -> list[EmailMessage]:
    """Mails since the last look."""
    found = server.handler.messages
    server.handler.envelopes.clear()
    return found


def later(at: Desk, days: int) -> None:
    at.bench.clock.advance(timedelta(days=days))


def text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@pytest.mark.full
def test_others_wait_for_the_days_and_then_for_a_word(at: Desk, server: Running) -> None:
    assert at.type("run", "-q").code == 0
    assert [one["To"] for one in take(server)] == [TPM]
    # In the first days nothing waits, so nothing can be approved.
    assert at.type("report", "approve").out == (
        "Nothing waits for approval. Until 2026-03-16 the report is yours alone.\n"
    )
    later(at, 7)
    at.type("run", "-q")
    assert [one["To"] for one in take(server)] == [TPM]
    later(at, 7)
    said = at.type("run")
    assert "1 mail waits until you have read the report: driftline report approve" in said.err
    assert [one["To"] for one in take(server)] == [TPM]

    said = at.type("report", "approve", "--note", NOTE, "--author", "Ada Winter")
    assert (said.code, said.err) == (0, f"{LEADS}: sent\n")
    (mail,) = take(server)
    assert mail["To"] == LEADS
    # Beside the verdict, not in its place.
    head = text(mail).split("WHAT THIS RESTS ON")[0]
    assert f"Note by Ada Winter, Mon 16 Mar 2026, 08:00 UTC: {NOTE}" in " ".join(head.split())
    html = mail.get_body(("html",))
    assert html is not None
    assert NOTE in html.get_content()
    # It is a word about this report: the page of the same reconciliation has it, too.
    assert NOTE in " ".join(at.type("report").out.split())
    assert NOTE in at.type("report", "--format", "html").out
    assert at.type("report", "approve").out == "Nothing waits for approval.\n"

    later(at, 7)
    at.type("run", "-q")
    assert [one["To"] for one in take(server)] == [TPM]
    said = at.type("report", "approve", "--always", "--json")
    assert [one["recipient"] for one in said.json["approved"]] == [LEADS]
    (mail,) = take(server)
    assert NOTE not in text(mail)
    later(at, 7)
    at.type("run", "-q")
    assert [one["To"] for one in take(server)] == [TPM, LEADS]
    # A word of the command counts before the configuration's.
    at.write(at.text() + "approved = true\n")
    assert at.type("report", "approve", "--ask").out.endswith("Later mails wait for approval.\n")
    later(at, 7)
    at.type("run", "-q")
    assert [one["To"] for one in take(server)] == [TPM]


def test_the_first_days_hold_against_any_approval(at: Desk, server: Running) -> None:
    at.write(at.text() + "approved = true\n")
    at.type("run", "-q")
    at.type("report", "approve", "--always")
    later(at, 7)
    at.type("run", "-q")
    assert [one["To"] for one in take(server)] == [TPM, TPM]


def test_what_was_mailed_is_shown_again_byte_for_byte(at: Desk, server: Running) -> None:
    at.type("run", "-q")
    (mail,) = take(server)
    said = at.type("report", "list", "--json")
    (one,) = said.json["reports"]
    assert one["subject"] == mail["Subject"]
    assert [row["state"] for row in one["mails"]] == ["sent"]
    assert mail["Subject"] in at.type("report", "list").out
    assert at.type("report", "replay", str(one["id"])).out == text(mail).replace("\r\n", "\n")
    stored = at.type("report", "replay", "1", "--format", "json").out
    # The world goes on, and what was said stays.
    later(at, 7)
    at.type("run", "-q")
    assert at.type("report", "replay", "1", "--format", "json").out == stored
    assert json.loads(stored)["for_owner"] is True


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("report", "replay", "99"), "there is no report 99. `driftline report list` tells the"),
        (("report", "approve", "--note", " "), "--note: the note is empty"),
        (("report", "approve", "--note", "x" * 601), "--note: the note is longer than 600"),
        (("report", "approve", "--author", "\u202e"), "--author: the name is empty"),
    ],
)
def test_bad_input_is_one_error(at: Desk, words: tuple[str, ...], says: str) -> None:
    at.type("sync", "-q")
    said = at.type(*words)
    assert (said.code, said.out) == (2, "")
    assert says in said.err
    assert len(said.err.splitlines()) == 1


def test_trouble_with_one_recipient_stops_nobody_else(at: Desk, server: Running) -> None:
    tables = f'to = ["{TPM}", "broken <x@y@z>", {{ address = "{LEADS}", projects = ["NONE"] }}]'
    at.write(
        at.text().replace(f'to = ["{TPM}", "{LEADS}"]', tables)
        + "only_me_days = 0\napproved = true\n"
    )
    server.handler.answers[TPM] = "550 no such user"
    said = at.type("run", "-q")
    assert said.code == 2
    assert f"{TPM}: refused" in said.err
    assert "broken <x@y@z>: mail.to:" in said.err
    (mail,) = take(server)
    assert mail["To"] == LEADS


def test_the_next_run_tells_the_recipient_whose_mail_did_not_leave(
    at: Desk, server: Running
) -> None:
    at.write(at.text() + "only_me_days = 0\napproved = true\n")
    server.handler.answers[LEADS] = "451 try later"
    assert at.type("run", "-q").code == 5
    assert [one["To"] for one in take(server)] == [TPM]
    server.handler.answers.clear()
    at.bench.clock.advance(timedelta(hours=1))
    assert at.type("run", "-q").code == 0
    assert [one["To"] for one in take(server)] == [LEADS]
