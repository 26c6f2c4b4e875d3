"""From the link in a mail over a saved reply to an answer."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from support.desk import CONFIG, DAY, NOW, Desk, sit_down

MAIL = """
[mail]
from = "driftline@example.com"
to = ["Ada <ada@example.com>", "bo@example.com"]
answers_to = "answers@example.com"
"""


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    monkeypatch.chdir(tmp_path)
    made = sit_down(tmp_path, capsys)
    (tmp_path / "driftline.toml").write_text(CONFIG + MAIL, encoding="utf-8")
    (tmp_path / "replies").mkdir()
    made.assign("u1")
    made.judge(1)
    made.assign(None)
    made.judge(2)
    return made


def drafts(desk: Desk) -> dict[str, EmailMessage]:
    """The mails of everybody, by address."""
    code, _, err = desk.say("report", "--email", "--dry-run")
    assert code == 0, err
    found = {}
    for path in Path("reports").glob("*.eml"):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        found[str(message["To"].addresses[0].addr_spec)] = message
    return found


def links(message: EmailMessage, part: str = "html") -> dict[str, list[str]]:
    """Answer links of a mail by their word."""
    body = message.get_body((part,))
    assert body is not None
    found: dict[str, list[str]] = {}
    for link in re.findall(r"mailto:answers@[^\s\"<]+", body.get_content()):
        asked = parse_qs(urlsplit(link.replace("&amp;", "&")).query)
        word = asked["subject"][0].split()[-3]
        found.setdefault(word, []).append(link.replace("&amp;", "&"))
    return found


def answer(link: str, sender: str, text: str = "") -> bytes:
    """What a mail program makes of a link and of what its user writes."""
    parts = urlsplit(link)
    asked = parse_qs(parts.query)
    message = EmailMessage()
    message["From"] = sender
    message["To"] = unquote(parts.path)
    message["Date"] = NOW + 2 * DAY
    message["Subject"] = asked["subject"][0]
    message["Message-ID"] = f"<{abs(hash((link, sender, text)))}@example.com>"
    message.set_content(asked["body"][0].replace("\r\n", "\n") + text)
    return message.as_bytes()


def test_a_click_and_a_saved_reply_are_an_answer(desk: Desk) -> None:
    mails = drafts(desk)
    assert set(mails) == {"ada@example.com", "bo@example.com"}
    told = links(mails["bo@example.com"])
    assert set(told) == {"agreed", "mine", "wrong"}
    assert links(mails["bo@example.com"], "plain") == told
    gap = desk.gap()
    (wrong,) = [one for one in told["wrong"] if gap in one]
    Path("replies/a.eml").write_bytes(answer(wrong, "Bo <bo@example.com>", "It is ours.\n"))
    code, out, _ = desk.say("findings", "import", "replies")
    assert code == 0
    assert out.splitlines()[0].startswith("a.eml: applied: wrong by bo@example.com: ")
    (line,) = desk.shown()
    assert " not_useful " in line
    assert "called not useful by bo@example.com: It is ours." in line
    code, out, _ = desk.say("findings", "import", "replies")
    assert (code, out.splitlines()[0].split(": ")[1]) == (0, "known")


def test_a_forwarded_report_answers_nothing_for_somebody_else(desk: Desk) -> None:
    mails = drafts(desk)
    of_bo = next(one for one in links(mails["bo@example.com"])["mine"] if desk.gap() in one)
    of_ada = next(one for one in links(mails["ada@example.com"])["mine"] if desk.gap() in one)
    assert of_bo != of_ada
    Path("replies/1.eml").write_bytes(answer(of_bo, "ada@example.com"))
    Path("replies/2.eml").write_bytes(answer(of_bo, "eve@example.com"))
    Path("replies/3.eml").write_bytes(b"\xff\x00 no mail")
    Path("replies/4.eml").write_bytes(answer(of_ada, "ADA@example.com"))
    facts = desk.say("findings", "import", "replies", "--json")
    assert facts[0] == 4
    code, out, _ = desk.say("findings", "import", "replies")
    assert code == 4
    assert [line.split(": ")[1] for line in out.splitlines()[:-1]] == [
        "refused",
        "refused",
        "refused",
        "known",
    ]
    (line,) = desk.shown()
    assert "taken by ada@example.com" in line


@pytest.mark.full
def test_the_key_never_leaves_the_store(desk: Desk) -> None:
    mails = drafts(desk)
    desk.report()
    import sqlalchemy as sa

    from sync.store.tables_answers import answer_key

    with desk.store.reading() as conn:
        key = conn.execute(sa.select(answer_key.c.key)).scalar_one()
    told = "".join(one.as_string() for one in mails.values())
    told += "".join(path.read_text(errors="replace") for path in Path("reports").iterdir())
    assert key not in told


@pytest.mark.full
def test_a_report_as_json_holds_no_mark(desk: Desk) -> None:
    drafts(desk)
    assert "mailto:" not in str(desk.report())


@pytest.mark.full
def test_a_folder_that_is_not_there_is_told(desk: Desk) -> None:
    code, _, err = desk.say("findings", "import", "nowhere")
    assert code == 2
    assert "there is no such folder" in err


@pytest.mark.full
def test_without_recipients_nobody_may_answer(desk: Desk) -> None:
    Path("driftline.toml").write_text(CONFIG, encoding="utf-8")
    code, _, err = desk.say("findings", "import", "replies")
    assert code == 2
    assert "no mail is configured" in err
