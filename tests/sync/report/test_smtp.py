"""The conversation with a mail server: real servers on loopback, every way it can end."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from support import reconciliations as given_
from support.mail_server import (
    PASSWORD,
    TOKEN,
    USER,
    Certificates,
    Handler,
    Running,
    certificates,
    mail_server,
    silent_server,
)

from sync.errors import ConfigError
from sync.report.build import build
from sync.report.mail import compose
from sync.report.smtp import Refusal, Smtp, SmtpError, deliver, probe, wire

SENDER = "Drift report <drift@example.com>"
TO = "boss@example.com"


def mail(recipient: str = TO) -> Any:
    return compose(build(given_.busy()), sender=SENDER, recipient=recipient)


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def plain(handler: Handler) -> Iterator[Running]:
    with mail_server(handler) as server:
        yield server


def to(server: Running, **changes: Any) -> Smtp:
    values = {"host": server.host, "port": server.port, "security": "plain", "timeout": 10.0}
    return Smtp(**{**values, **changes})


def test_a_plain_server_gets_the_whole_mail(plain: Running) -> None:
    delivery = deliver(mail(), to(plain))

    assert (delivery.accepted, delivery.refused) == ((TO,), ())
    envelope = plain.handler.envelopes[0]
    assert (envelope.mail_from, envelope.rcpt_tos) == ("drift@example.com", [TO])
    got = plain.handler.messages[0]
    assert got["Subject"] == build(given_.busy()).subject
    assert got["Message-ID"] == mail()["Message-ID"]
    assert [part.get_content_type() for part in got.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/html",
        "text/csv",
    ]


def test_starttls_with_a_login(handler: Handler, trusted: Certificates) -> None:
    with mail_server(handler, security="starttls", context=trusted.server, login=True) as server:
        delivery = deliver(
            mail(),
            to(
                server,
                security="starttls",
                ca_bundle=trusted.bundle,
                user=USER,
                password=lambda: PASSWORD,
            ),
        )
    assert delivery.accepted == (TO,)
    assert handler.logins[0][0] == USER
    assert handler.sessions[0].ssl is not None


def test_a_server_that_offers_only_the_older_login(handler: Handler, trusted: Certificates) -> None:
    without = ("PLAIN", "XOAUTH2")
    with mail_server(
        handler, security="starttls", context=trusted.server, login=True, without=without
    ) as server:
        smtp = to(
            server,
            security="starttls",
            ca_bundle=trusted.bundle,
            user=USER,
            password=PASSWORD,
        )
        assert deliver(mail(), smtp).accepted == (TO,)
    assert handler.logins == [(USER, "LOGIN")]


def test_tls_from_the_first_byte_with_a_login(handler: Handler, trusted: Certificates) -> None:
    with mail_server(handler, security="tls", context=trusted.server, login=True) as server:
        delivery = deliver(
            mail(),
            to(server, security="tls", ca_bundle=trusted.bundle, user=USER, password=PASSWORD),
        )
    assert delivery.accepted == (TO,)
    assert handler.logins[0][0] == USER


def test_an_access_token_instead_of_a_password(handler: Handler, trusted: Certificates) -> None:
    with mail_server(handler, security="starttls", context=trusted.server, login=True) as server:
        smtp = to(
            server,
            security="starttls",
            ca_bundle=trusted.bundle,
            user=USER,
            password=TOKEN,
            login="xoauth2",
        )
        assert deliver(mail(), smtp).accepted == (TO,)
    assert handler.logins == [(USER, "xoauth2")]


@pytest.mark.parametrize("login", ["password", "xoauth2"])
def test_a_wrong_password_is_told_and_never_shown(
    handler: Handler, trusted: Certificates, login: str
) -> None:
    with mail_server(handler, security="starttls", context=trusted.server, login=True) as server:
        smtp = to(
            server,
            security="starttls",
            ca_bundle=trusted.bundle,
            user=USER,
            password="hunter2-secret",
            login=login,
        )
        told = {"password": "the login", "xoauth2": r"the access token \(535, status 401\)"}[login]
        with pytest.raises(SmtpError, match=f"did not accept {told}") as caught:
            deliver(mail(), smtp)
    assert caught.value.exit_code == 5
    assert not caught.value.retryable
    assert "hunter2" not in f"{caught.value!r} {caught.value} {smtp!r}"
    assert caught.value.__cause__ is None
    assert handler.envelopes == []


def test_a_password_never_travels_in_clear(plain: Running) -> None:
    with pytest.raises(ConfigError, match="without encryption"):
        deliver(mail(), to(plain, user=USER, password=PASSWORD))
    assert plain.handler.sessions == []


def test_a_login_in_clear_needs_to_be_allowed(handler: Handler) -> None:
    with mail_server(handler, login=True) as server:
        smtp = to(server, user=USER, password=PASSWORD, login_in_clear=True)
        assert deliver(mail(), smtp).accepted == (TO,)


def test_a_server_without_login(plain: Running) -> None:
    smtp = to(plain, user=USER, password=PASSWORD, login_in_clear=True)
    with pytest.raises(SmtpError, match="offers no login"):
        deliver(mail(), smtp)


def test_a_server_without_starttls_gets_no_mail(plain: Running) -> None:
    with pytest.raises(SmtpError, match="does not offer STARTTLS") as caught:
        deliver(mail(), to(plain, security="starttls"))
    assert not caught.value.retryable
    assert plain.handler.envelopes == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_that_is_not_trusted(
    handler: Handler, trusted: Certificates, security: str
) -> None:
    with (
        mail_server(handler, security=security, context=trusted.server) as server,
        pytest.raises(SmtpError, match="certificate is not trusted") as caught,
    ):
        deliver(mail(), to(server, security=security))
    assert "mail.ca_bundle" in caught.value.todo
    assert handler.envelopes == []


def test_a_certificate_for_another_name(handler: Handler, tmp_path: Path) -> None:
    other = certificates(tmp_path, "mail.example.com")
    with (
        mail_server(handler, security="tls", context=other.server) as server,
        pytest.raises(SmtpError, match=r"not trusted .*localhost"),
    ):
        deliver(mail(), to(server, security="tls", ca_bundle=other.bundle))


def test_tls_to_a_plain_port_names_the_two_ports(plain: Running) -> None:
    with pytest.raises(SmtpError, match='587 is "starttls", 465 is "tls"'):
        deliver(mail(), to(plain, security="tls"))


def test_a_bundle_that_is_none(plain: Running, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate", encoding="utf-8")
    for bundle in (wrong, tmp_path / "missing.pem"):
        with pytest.raises(ConfigError, match=f"certificates in {bundle.name}"):
            deliver(mail(), to(plain, security="tls", ca_bundle=bundle))


def test_some_recipients_refused(plain: Running) -> None:
    plain.handler.answers = {
        "gone@example.com": "550 no such user",
        "full@example.com": "450 mailbox busy",
    }
    delivery = deliver(mail(), to(plain), [TO, "gone@example.com", "full@example.com"])

    assert delivery.accepted == (TO,)
    assert delivery.refused == (
        Refusal("full@example.com", 450, "mailbox busy"),
        Refusal("gone@example.com", 550, "no such user"),
    )
    assert [one.retryable for one in delivery.refused] == [True, False]
    assert plain.handler.envelopes[0].rcpt_tos == [TO]


def test_all_recipients_refused_is_a_result_too(plain: Running) -> None:
    plain.handler.answers = {TO: "550 no such user"}
    delivery = deliver(mail(), to(plain))
    assert delivery.accepted == ()
    assert delivery.refused == (Refusal(TO, 550, "no such user"),)


@pytest.mark.parametrize(
    ("answer", "retryable"), [("451 try later", True), ("552 too large", False)]
)
def test_a_refused_mail(plain: Running, answer: str, retryable: bool) -> None:
    plain.handler.data_answer = answer
    with pytest.raises(SmtpError, match=f"refused the mail: {answer}") as caught:
        deliver(mail(), to(plain))
    assert caught.value.retryable is retryable
    assert caught.value.refused is not retryable


def test_a_mail_larger_than_the_server_takes_goes_without_its_attachment(handler: Handler) -> None:
    whole = len(wire(mail()))
    with mail_server(handler, size_limit=whole - 100) as server:
        assert deliver(mail(), to(server)).accepted == (TO,)
    (got,) = handler.messages
    note, other = got.iter_attachments()
    assert note.get_filename() == other.get_filename() == "left-out.txt"
    assert "apollo-2025-12-08.html is left out" in note.get_content()
    assert f"no mail over {whole - 100:,} bytes" in note.get_content()
    assert got["Message-ID"] == mail()["Message-ID"]
    assert got.get_body(("html",)) is not None
    assert got.defects == []


def test_a_server_that_says_its_limit_only_afterwards(plain: Running) -> None:
    plain.handler.silent_limit = len(wire(mail())) - 100
    assert deliver(mail(), to(plain)).accepted == (TO,)
    (got,) = plain.handler.messages
    note, _ = got.iter_attachments()
    assert "takes no mail this large" in note.get_content()


def test_a_full_mailbox_is_no_mail_that_is_too_large(plain: Running) -> None:
    plain.handler.data_answer = "552 5.2.2 mailbox full"
    with pytest.raises(SmtpError, match="mailbox full") as caught:
        deliver(mail(), to(plain))
    assert caught.value.refused
    assert plain.handler.tries == 1


def test_pictures_go_last(handler: Handler) -> None:
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"], message["Subject"] = SENDER, TO, "x"
    message.set_content("text")
    message.add_alternative("<p>text</p>", subtype="html")
    html = list(message.iter_parts())[-1]
    html.add_related(b"\x00" * 5_000, "image", "png", cid="<a@b>")
    message.add_attachment(b"\x00" * 5_000, "application", "octet-stream", filename="a.bin")
    with mail_server(handler, size_limit=9_000) as server:
        deliver(message, to(server))
    with mail_server(handler, size_limit=3_000) as server:
        deliver(message, to(server))
    with mail_server(handler, size_limit=500) as server:
        with pytest.raises(SmtpError, match="and the server takes 500") as caught:
            deliver(message, to(server))
    assert caught.value.refused
    types = [{part.get_content_type() for part in got.walk()} for got in handler.messages]
    assert [("image/png" in one, "text/html" in one) for one in types] == [
        (True, True),
        (False, True),
    ]


def test_bounces_go_where_they_are_read(plain: Running) -> None:
    deliver(mail(), to(plain, bounces_to="bounces@example.com"))
    assert plain.handler.envelopes[0].mail_from == "bounces@example.com"
    assert plain.handler.messages[0]["From"] == SENDER


def test_a_server_that_takes_no_token(handler: Handler, trusted: Certificates) -> None:
    with mail_server(
        handler, security="starttls", context=trusted.server, login=True, without=("XOAUTH2",)
    ) as server:
        smtp = to(
            server,
            security="starttls",
            ca_bundle=trusted.bundle,
            user=USER,
            password=TOKEN,
            login="xoauth2",
        )
        with pytest.raises(SmtpError, match="takes no access token; it offers") as caught:
            deliver(mail(), smtp)
    assert TOKEN not in f"{caught.value} {caught.value.todo}"


def test_a_password_of_two_lines_is_none(handler: Handler) -> None:
    with mail_server(handler, login=True) as server:
        smtp = to(server, user=USER, password="one\r\nQUIT", login_in_clear=True)
        with pytest.raises(ConfigError, match="line break") as caught:
            deliver(mail(), smtp)
    assert "QUIT" not in str(caught.value)
    assert handler.envelopes == []


def test_asking_sends_nothing(handler: Handler, trusted: Certificates) -> None:
    with mail_server(handler, security="starttls", context=trusted.server, login=True) as server:
        good = to(
            server, security="starttls", ca_bundle=trusted.bundle, user=USER, password=PASSWORD
        )
        probe(good)
        with pytest.raises(SmtpError, match="did not accept the login"):
            probe(replace(good, password="wrong"))
    assert handler.envelopes == []


def test_a_dropped_connection(plain: Running) -> None:
    plain.handler.hang_up = True
    with pytest.raises(SmtpError, match="hung up while sending") as caught:
        deliver(mail(), to(plain))
    assert caught.value.retryable


def test_a_server_that_says_nothing() -> None:
    with silent_server() as server, pytest.raises(SmtpError, match="did not answer in time"):
        deliver(mail(), to(server, timeout=0.3))


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(SmtpError, match="refused the connection") as caught:
        deliver(mail(), Smtp("127.0.0.1", port, "plain", timeout=5))
    assert caught.value.where == f"127.0.0.1:{port}"
    assert caught.value.retryable


def test_a_name_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object, **_more: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", unknown)
    with pytest.raises(SmtpError, match="name is not known"):
        deliver(mail(), Smtp("mail.invalid", 25, "plain"))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"security": "ssl"}, "'ssl' is no kind of security"),
        ({"login": "ntlm"}, "'ntlm' is no kind of login"),
        ({"user": USER, "security": "tls"}, "no password"),
    ],
)
def test_settings_that_make_no_sense(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        deliver(mail(), Smtp(**{"host": "127.0.0.1", "port": 9, "security": "plain", **changes}))


def test_no_recipient_at_all() -> None:
    with pytest.raises(ConfigError, match="no recipient"):
        deliver(mail(), Smtp("127.0.0.1", 9, "plain"), [])


def test_an_address_that_the_server_cannot_take(plain: Running) -> None:
    with pytest.raises(SmtpError, match="only addresses in ASCII"):
        deliver(mail("börse@example.com"), to(plain))


def test_an_address_in_other_letters_where_the_server_takes_it(handler: Handler) -> None:
    with mail_server(handler, utf8=True) as server:
        delivery = deliver(mail("Börse <börse@example.com>"), to(server))
    assert delivery.accepted == ("börse@example.com",)
    assert handler.envelopes[0].rcpt_tos == ["börse@example.com"]
    assert "börse@example.com".encode() in bytes(handler.envelopes[0].content or b"")
