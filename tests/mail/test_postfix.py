"""Mails through the Postfix of Debian: STARTTLS, logins, limits, and what the reader gets."""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from support import reconciliations as given_
from support.postfix import PASSWORD, USER, Postfix, missing, postfix

from sync.report.build import build
from sync.report.mail import compose
from sync.report.smtp import Refusal, Smtp, SmtpError, deliver, probe, wire

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(bool(missing()), reason=missing() or "Postfix is there"),
]

BOSS, TPM = "boss@example.net", "tpm@example.net"


@pytest.fixture(scope="module")
def server() -> Iterator[Postfix]:
    with postfix([BOSS, TPM]) as running:
        yield running


def to(server: Postfix, security: str = "starttls", **changes: Any) -> Smtp:
    values: dict[str, Any] = {
        "host": "localhost",
        "port": server.tls if security == "tls" else server.starttls,
        "security": security,
        "user": USER,
        "password": PASSWORD,
        "ca_bundle": server.bundle,
    }
    return Smtp(**{**values, **changes})


def mail(recipient: str) -> EmailMessage:
    return compose(
        build(given_.whole()), sender="Drift report <drift@example.com>", recipient=recipient
    )


def without_trace(raw: bytes) -> bytes:
    """The mail as it was handed over: servers put their headers on top."""
    unix = raw.replace(b"\r\n", b"\n")
    trace = rb"(?:(?:Return-Path|X-Original-To|Delivered-To|Received): [^\n]*\n(?:[ \t][^\n]*\n)*)+"
    return re.sub(rb"\A" + trace, b"", unix)


def test_starttls_and_a_login_bring_it_unchanged_to_the_mailbox(server: Postfix) -> None:
    message = mail(BOSS)
    assert deliver(message, to(server)).accepted == (BOSS,)

    (got,) = server.mails(BOSS)
    assert without_trace(got) == wire(message).replace(b"\r\n", b"\n")
    parsed = message_from_bytes(got, policy=policy.default)
    received = re.sub(r"\s+", " ", str(parsed["Received"]))
    assert re.search(r"\(using TLSv1\.[23] with cipher .* with ESMTPSA id", received)
    assert parsed["Return-Path"] == "<drift@example.com>"
    assert parsed.defects == []
    assert f"sasl_method=PLAIN, sasl_username={USER}@localhost" in server.log


def test_tls_from_the_first_byte(server: Postfix) -> None:
    assert deliver(mail(TPM), to(server, "tls")).accepted == (TPM,)
    assert len(server.mails(TPM)) == 1


def test_a_wrong_password_is_told(server: Postfix) -> None:
    with pytest.raises(SmtpError, match=r"did not accept the login \(535\)"):
        probe(to(server, password="wrong"))


def test_without_encryption_no_login_is_offered(server: Postfix) -> None:
    with pytest.raises(SmtpError, match="offers no login"):
        probe(to(server, "plain", login_in_clear=True))


def test_nobody_by_that_name(server: Postfix) -> None:
    delivery = deliver(mail("nobody@example.net"), to(server))
    assert delivery.accepted == ()
    (refused,) = delivery.refused
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.retryable) == (550, False)


def test_a_limit_of_size_costs_the_attachments() -> None:
    whole = len(wire(mail(BOSS)))
    with postfix([BOSS], size_limit=whole - 1) as small:
        assert deliver(mail(BOSS), to(small)).accepted == (BOSS,)
        (got,) = small.mails(BOSS)
    parsed = message_from_bytes(got, policy=policy.default)
    assert {part.get_filename() for part in parsed.iter_attachments()} == {"left-out.txt"}
