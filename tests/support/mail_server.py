"""A real SMTP server on loopback: plain, STARTTLS or TLS, with logins and refusals."""

import base64
import socket
import ssl
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

USER, PASSWORD, TOKEN = "tpm", "pass word ü", "ya29.token"


@dataclass
class Handler:
    """Takes mail, and answers what the test asks for."""

    #: answer by recipient, for example `550 no such user`.
    answers: dict[str, str] = field(default_factory=dict)
    #: answer to the mail itself.
    data_answer: str = "250 OK"
    #: largest mail it takes without having said so, bytes.
    silent_limit: int | None = None
    #: hang up instead of taking the mail.
    hang_up: bool = False
    #: recipients that somebody wanted to reach.
    asked: list[str] = field(default_factory=list)
    #: mails that came to their end, taken or not.
    tries: int = 0
    envelopes: list[Envelope] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        self.asked.append(address)
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.tries += 1
        if self.hang_up:
            transport = server.transport
            assert transport is not None
            transport.close()
            return "451 gone"
        if (
            self.silent_limit is not None
            and len(bytes(envelope.content or b"")) > self.silent_limit
        ):
            return "552 5.3.4 Message size exceeds fixed limit"
        if self.data_answer.startswith("250"):
            self.envelopes.append(envelope)
            self.sessions.append(session)
        return self.data_answer

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:
        sent = base64.b64decode(args[1]).decode() if len(args) > 1 else ""
        good = sent == f"user={USER}\x01auth=Bearer {TOKEN}\x01\x01"
        self.logins.append((USER if good else "?", "xoauth2"))
        if not good:
            # As the large providers do: the reason as a challenge, to be answered with nothing.
            why = base64.b64encode(b'{"status":"401","schemes":"bearer","scope":"mail"}')
            await server.challenge_auth(why, encode_to_b64=False)
        return AuthResult(success=good, handled=good)

    @property
    def messages(self) -> list[EmailMessage]:
        """What was taken, parsed."""
        return [
            message_from_bytes(bytes(one.content or b""), policy=policy.default)  # type: ignore[arg-type, misc]  # stubs
            for one in self.envelopes
        ]


@dataclass(frozen=True)
class Running:
    """A server that listens."""

    host: str
    port: int
    handler: Handler


@dataclass(frozen=True)
class Certificates:
    """A private authority and a certificate for localhost."""

    server: ssl.SSLContext
    #: PEM file a client trusts.
    bundle: Path


def certificates(directory: Path, name: str = "localhost") -> Certificates:
    """Make an authority and a certificate for `name`."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    bundle = directory / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    return Certificates(context, bundle)


class _Server(Controller):
    """The library's controller, with TLS either at once or on request."""

    def __init__(
        self, handler: Handler, security: str, context: ssl.SSLContext | None, **more: Any
    ) -> None:
        self._security, self._context, self._more = security, context, more
        super().__init__(
            handler,
            hostname="127.0.0.1",
            port=0,
            ssl_context=context if security == "tls" else None,
            ready_timeout=10,
        )

    def factory(self) -> SMTP:
        """One session's protocol."""
        starttls = self._context if self._security == "starttls" else None
        return SMTP(
            self.handler,
            hostname="localhost",
            tls_context=starttls,
            require_starttls=starttls is not None,
            **self._more,
        )

    def _trigger_server(self) -> None:
        """Knock once: the library makes its protocol at the first connection."""
        self.port = self.server.sockets[0].getsockname()[1]
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as knock:
            if self._security == "tls":
                anything = ssl.create_default_context()
                anything.check_hostname, anything.verify_mode = False, ssl.CERT_NONE
                with anything.wrap_socket(knock) as secured:
                    secured.recv(100)
            else:
                knock.recv(100)


@contextmanager
def mail_server(
    handler: Handler,
    *,
    security: str = "plain",
    context: ssl.SSLContext | None = None,
    login: bool = False,
    without: tuple[str, ...] = (),
    size_limit: int | None = None,
    utf8: bool = False,
) -> Iterator[Running]:
    """Run a server in a thread of its own; stopped at the end.

    `without`: ways to log in that it does not offer. `size_limit`: largest mail it takes, bytes.
    `utf8`: it takes addresses in any letters.
    """

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        user, word = data.login.decode(), data.password.decode()
        handler.logins.append((user, mechanism))
        good = (user, word) == (USER, PASSWORD)
        return AuthResult(success=good, handled=good)

    more: dict[str, Any] = {"enable_SMTPUTF8": utf8}
    if size_limit is not None:
        more["data_size_limit"] = size_limit
    if login:
        more |= {
            "authenticator": check,
            "auth_required": True,
            "auth_exclude_mechanism": without,
            "auth_require_tls": security == "starttls",
        }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = _Server(handler, security, context, **more)
        server.start()
        try:
            yield Running("localhost" if context else "127.0.0.1", server.port, handler)
        finally:
            server.stop()


@contextmanager
def silent_server() -> Iterator[Running]:
    """Accepts a connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield Running("127.0.0.1", listening.getsockname()[1], Handler())
