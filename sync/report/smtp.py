"""One SMTP conversation: connect, secure, log in, hand over one mail, say who was refused."""

import base64
import json
import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import getaddresses
from pathlib import Path

import truststore

from sync.errors import ConfigError, DeliveryError
from sync.report import folding
from sync.report.clean import clean
from sync.report.lighten import lighten

SECURITIES = ("plain", "starttls", "tls")
LOGINS = ("password", "xoauth2")


@dataclass(frozen=True, slots=True)
class Smtp:
    """How to reach the mail server. The password is asked for when it is needed."""

    host: str
    port: int
    #: plain (no encryption), starttls, tls (from the first byte).
    security: str = "starttls"
    user: str | None = None
    #: the password or access token, or what gives it; never shown.
    password: str | Callable[[], str] | None = field(default=None, repr=False)
    #: certificates to trust instead of the operating system's (PEM file).
    ca_bundle: Path | None = None
    #: seconds without an answer.
    timeout: float = 30.0
    #: password, or xoauth2 with an access token.
    login: str = "password"
    #: allow a login without encryption; only for a server on a trusted wire.
    login_in_clear: bool = False
    #: who gets the bounces (envelope sender); None: the From address.
    bounces_to: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A recipient the server did not take."""

    recipient: str
    code: int
    text: str

    @property
    def retryable(self) -> bool:
        """4xx: the server asks to try later; 5xx is final until something is changed."""
        return 400 <= self.code < 500


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of one mail."""

    accepted: tuple[str, ...]
    refused: tuple[Refusal, ...]


class SmtpError(DeliveryError):
    """The mail was not handed over; `retryable` says whether trying later may help.

    `refused`: the server refused this mail for good; another try of the same would end the same.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        todo: str = "",
        retryable: bool,
        refused: bool = False,
    ) -> None:
        """Keep whether a later try may help."""
        super().__init__(what, where=where, todo=todo)
        self.retryable = retryable
        self.refused = refused


def deliver(message: EmailMessage, smtp: Smtp, recipients: Sequence[str] | None = None) -> Delivery:
    """Hand `message` to the server for `recipients` (default: its To header).

    A refused recipient is told in the result, also when all are refused. A mail larger than the
    server takes goes without attachments and says so. Raises SmtpError when nothing could be
    handed over for another reason, ConfigError for settings that make no sense.
    """
    to = list(recipients) if recipients is not None else _to(message)
    if not to:
        raise ConfigError("no recipient is given", where="mail.to", todo="Add an address.")
    _check(smtp)
    where = f"{smtp.host}:{smtp.port}"
    server: smtplib.SMTP | None = None
    try:
        server = _connect(smtp, where)
        _log_in(server, smtp, where)
        return _hand_over(server, message, smtp.bounces_to or _sender(message), to, where)
    finally:
        if server is not None:
            _leave(server)


def probe(smtp: Smtp) -> None:
    """Connect, secure, log in and leave; no mail is sent. Raises as `deliver` does."""
    _check(smtp)
    where = f"{smtp.host}:{smtp.port}"
    server = _connect(smtp, where)
    try:
        _log_in(server, smtp, where)
        server.noop()
    except (smtplib.SMTPException, OSError) as error:
        told = _told(error, where, "asking")
        if told is None:
            raise
        raise told from error
    finally:
        _leave(server)


def wire(message: EmailMessage) -> bytes:
    """The mail as it travels: CRLF; in ASCII, unless an address itself has other letters."""
    ascii_ = all(one.isascii() for one in (_sender(message), *_to(message)))
    return message.as_bytes(policy=folding.ASCII if ascii_ else folding.UTF8)


def _sender(message: EmailMessage) -> str:
    return getaddresses([str(message["From"] or "")])[0][1]


def _to(message: EmailMessage) -> list[str]:
    return [spec for _, spec in getaddresses([str(message["To"] or "")]) if spec]


def _check(smtp: Smtp) -> None:
    if smtp.security not in SECURITIES:
        raise ConfigError(
            f"{clean(smtp.security, 40)!r} is no kind of security",
            where="mail.security",
            todo=f"Choose one of: {', '.join(SECURITIES)}.",
        )
    if smtp.login not in LOGINS:
        raise ConfigError(
            f"{clean(smtp.login, 40)!r} is no kind of login",
            where="mail.auth",
            todo=f"Choose one of: {', '.join(LOGINS)}.",
        )
    if smtp.user and smtp.password is None:
        raise ConfigError(
            "a user is given but no password",
            where="mail.user",
            todo="Add password_file, password_command or password_env.",
        )
    if smtp.user and smtp.security == "plain" and not smtp.login_in_clear:
        raise ConfigError(
            "a password would travel without encryption",
            where="mail.security",
            todo='Use security = "starttls" or "tls".',
        )


def _connect(smtp: Smtp, where: str) -> smtplib.SMTP:
    server: smtplib.SMTP | None = None
    try:
        if smtp.security == "tls":
            server = smtplib.SMTP_SSL(
                smtp.host, smtp.port, timeout=smtp.timeout, context=_context(smtp)
            )
        else:
            server = smtplib.SMTP(smtp.host, smtp.port, timeout=smtp.timeout)
        server.ehlo_or_helo_if_needed()
        if smtp.security == "starttls":
            server.starttls(context=_context(smtp))
            server.ehlo()
    except BaseException as error:
        if server is not None:
            server.close()
        if isinstance(error, smtplib.SMTPNotSupportedError):
            raise SmtpError(
                "the server does not offer STARTTLS",
                where=where,
                todo='Use its TLS port with security = "tls".',
                retryable=False,
            ) from error
        told = _told(error, where, "connecting")
        if told is None:
            raise
        raise told from error
    return server


def _context(smtp: Smtp) -> ssl.SSLContext:
    if smtp.ca_bundle is None:
        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return ssl.create_default_context(cafile=str(smtp.ca_bundle))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"the certificates in {smtp.ca_bundle.name} cannot be read",
            where="mail.ca_bundle",
            todo="Name a PEM file with the authority's certificate.",
        ) from error


def _log_in(server: smtplib.SMTP, smtp: Smtp, where: str) -> None:
    if not smtp.user:
        return
    secret = (smtp.password() if callable(smtp.password) else smtp.password) or ""
    if any(ord(char) < 32 for char in smtp.user + secret):
        raise ConfigError(
            "the user or its password holds a line break or a control character",
            where="mail.password",
            todo="Give it in one line.",
        )
    try:
        if smtp.login == "xoauth2":
            _xoauth2(server, smtp.user, secret)
        else:
            _password(server, smtp.user, secret)
    except smtplib.SMTPNotSupportedError:
        # `from None`: no chain may carry what was sent.
        offered = clean(server.esmtp_features.get("auth", ""), 100)
        token = smtp.login == "xoauth2" and offered
        raise SmtpError(
            f"the server takes no access token; it offers {offered}"
            if token
            else "the server offers no login",
            where=where,
            todo='Use auth = "password" and an application password.'
            if token
            else "Leave out mail.user, or use the submission port (587 or 465).",
            retryable=False,
        ) from None
    except smtplib.SMTPAuthenticationError as error:
        temporary = 400 <= error.smtp_code < 500
        what = "access token" if smtp.login == "xoauth2" else "login"
        check = (
            "Check mail.user, and get a new access token: they last an hour or so."
            if smtp.login == "xoauth2"
            else "Check mail.user and its password."
        )
        raise SmtpError(
            f"the server did not accept the {what} ({error.smtp_code}{_status(error)})",
            where=where,
            todo="Try again later." if temporary else check,
            retryable=temporary,
        ) from None
    except (smtplib.SMTPException, OSError, ValueError) as error:
        told = _told(error, where, "logging in")
        if told is None:
            raise
        raise told from None


def _password(server: smtplib.SMTP, user: str, secret: str) -> None:
    """PLAIN or LOGIN in UTF-8; the library's own takes ASCII only, so it has the rest."""
    server.ehlo_or_helo_if_needed()
    offered = server.esmtp_features.get("auth", "").upper().split()
    if "PLAIN" in offered:
        code, reply = server.docmd("AUTH", f"PLAIN {_base64(f'{chr(0)}{user}{chr(0)}{secret}')}")
    elif "LOGIN" in offered:
        code, reply = server.docmd("AUTH", f"LOGIN {_base64(user)}")
        if code == 334:
            code, reply = server.docmd(_base64(secret))
    else:
        server.login(user, secret)
        return
    if code not in (235, 503):
        raise smtplib.SMTPAuthenticationError(code, reply)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _xoauth2(server: smtplib.SMTP, user: str, token: str) -> None:
    server.ehlo_or_helo_if_needed()
    if "XOAUTH2" not in server.esmtp_features.get("auth", "").upper().split():
        raise smtplib.SMTPNotSupportedError("XOAUTH2")
    answer = f"user={user}\x01auth=Bearer {token}\x01\x01"
    code, reply = server.docmd("AUTH", f"XOAUTH2 {_base64(answer)}")
    why = b""
    if code == 334:
        # The server explains its refusal in a challenge and waits for an empty answer.
        why = reply
        code, reply = server.docmd("")
    if code not in (235, 503):
        raise smtplib.SMTPAuthenticationError(code, why)


def _status(error: smtplib.SMTPAuthenticationError) -> str:
    """The number in a refused token's challenge, `{"status": "401", ...}` in Base64."""
    try:
        status = json.loads(base64.b64decode(error.smtp_error))["status"]
    except (ValueError, TypeError, KeyError):
        return ""
    return f", status {status}" if re.fullmatch(r"\d{3}", str(status)) else ""


def _hand_over(
    server: smtplib.SMTP, message: EmailMessage, sender: str, to: list[str], where: str
) -> Delivery:
    options = []
    if not all(one.isascii() for one in (sender, *to)):
        if not server.has_extn("smtputf8"):
            raise SmtpError(
                "the server takes only addresses in ASCII",
                where=where,
                todo="Use an address without special letters before the @.",
                retryable=False,
            )
        options = ["SMTPUTF8", "BODY=8BITMIME"]
    limit = _limit(server)
    raw = wire(message)
    if limit and len(raw) > limit:
        raw = wire(lighten(message, limit))
    if limit and len(raw) > limit:
        raise SmtpError(
            f"the mail has {len(raw):,} bytes, and the server takes {limit:,}",
            where=where,
            todo="Ask the mail administrator for a higher limit.",
            retryable=False,
            refused=True,
        )
    try:
        try:
            refused = server.sendmail(sender, to, raw, mail_options=options)
        except smtplib.SMTPDataError as error:
            light = wire(lighten(message, None))
            if not _too_large(error) or len(light) >= len(raw):
                raise
            refused = server.sendmail(sender, to, light, mail_options=options)
    except smtplib.SMTPRecipientsRefused as error:
        refused = error.recipients
    except (smtplib.SMTPException, OSError, ValueError) as error:
        told = _told(error, where, "sending")
        if told is None:
            raise
        raise told from error
    refusals = tuple(
        Refusal(recipient, code, clean(_decoded(reply), 300))
        for recipient, (code, reply) in sorted(refused.items())
    )
    names = {one.recipient for one in refusals}
    return Delivery(tuple(one for one in to if one not in names), refusals)


def _too_large(error: smtplib.SMTPDataError) -> bool:
    """Whether the mail was refused for its size, and not a mailbox for being full."""
    said = _decoded(error.smtp_error)
    return error.smtp_code == 552 and bool(
        re.search(r"\b5\.(3\.4|2\.3)\b|\bsize\b|\blarge\b|\bbig\b", said, re.IGNORECASE)
    )


def _limit(server: smtplib.SMTP) -> int:
    """Largest mail the server takes, bytes; 0: it does not say."""
    told = server.esmtp_features.get("size", "")
    return int(told) if told.isascii() and told.isdigit() else 0


def _leave(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (smtplib.SMTPException, OSError, ValueError):
        server.close()


def _told(error: BaseException, where: str, doing: str) -> DeliveryError | None:
    """What an error of the conversation means; None for one that is not of it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return SmtpError(
            f"the server's certificate is not trusted ({clean(error.verify_message, 120)})",
            where=where,
            todo="Set mail.ca_bundle to your authority's certificate; check mail.host.",
            retryable=False,
        )
    if isinstance(error, ssl.SSLError):
        return SmtpError(
            f"no secure connection was made ({clean(error.reason or 'TLS error', 80)})",
            where=where,
            todo='Check mail.port and mail.security: 587 is "starttls", 465 is "tls".',
            retryable=False,
        )
    if isinstance(error, socket.gaierror):
        return SmtpError(
            "the mail server's name is not known",
            where=where,
            todo="Check mail.host and the network.",
            retryable=True,
        )
    if isinstance(error, smtplib.SMTPSenderRefused):
        return _answered("refused the sender", error.smtp_code, error.smtp_error, where)
    if isinstance(error, smtplib.SMTPResponseException):
        return _answered("refused the mail", error.smtp_code, error.smtp_error, where, mail=True)
    # smtplib tells a timeout inside the conversation as a lost connection.
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return SmtpError(
            f"the server did not answer in time while {doing}",
            where=where,
            todo="Check mail.host and mail.port, or raise mail.timeout_seconds.",
            retryable=True,
        )
    if isinstance(error, smtplib.SMTPServerDisconnected | ConnectionError):
        refused = isinstance(error, ConnectionRefusedError)
        return SmtpError(
            f"the server {'refused the connection' if refused else 'hung up'} while {doing}",
            where=where,
            todo="Check mail.port and mail.security, or try again later.",
            retryable=True,
        )
    if isinstance(error, smtplib.SMTPException | OSError):
        return SmtpError(
            f"the conversation failed while {doing} ({type(error).__name__})",
            where=where,
            todo="Check mail.host, mail.port and the network.",
            retryable=True,
        )
    if isinstance(error, ValueError):
        return SmtpError(
            f"the mail cannot be sent as it is while {doing}",
            where=where,
            todo="Check mail.from and mail.to.",
            retryable=False,
        )
    return None


def _answered(
    what: str, code: int, reply: bytes | str, where: str, *, mail: bool = False
) -> SmtpError:
    temporary = 400 <= code < 500
    return SmtpError(
        f"the server {what}: {code} {clean(_decoded(reply), 200)}".rstrip(),
        where=where,
        todo="Try again later." if temporary else "Ask the mail administrator; check mail.from.",
        retryable=temporary,
        refused=mail and not temporary,
    )


def _decoded(reply: bytes | str) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
