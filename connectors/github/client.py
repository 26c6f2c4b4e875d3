"""What `PyGithub` gives: authentication and the session. Its retries and objects are not used."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import requests
from github.Auth import AppAuth, Token
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass

from connectors.contract import (
    CannotAuthenticate,
    NotAllowed,
    Runtime,
    SourceError,
    TooManyRequests,
    UnexpectedAnswer,
)
from connectors.github.options import GitHubOptions
from connectors.instants import instant
from connectors.limits import retry_after
from connectors.redaction import remember
from connectors.transport import Answer, Transport

#: Later versions leave `merge_commit_sha` out of pull requests.
API_VERSION = "2022-11-28"
#: A token that ends this soon is replaced before it is used.
RENEW_BEFORE = timedelta(minutes=5)


def make_transport(options: GitHubOptions, runtime: Runtime) -> Transport:
    """A transport on the library's own session; makes no request."""
    session = _session(options)
    if options.app_id is not None and options.private_key_file is not None:
        mint = _minter(options, runtime, options.private_key_file)
        installation = Installation(mint, runtime.now)
        session.auth = _header(installation.token)
        return _transport(session, options, runtime, (), installation.renew)
    token = options.token.get_secret_value() if options.token is not None else ""
    if token:
        auth = Token(token)
        session.auth = _header(lambda: auth.token)
    return _transport(session, options, runtime, (token,))


def need_credentials(options: GitHubOptions, name: str) -> None:
    """Raise CannotAuthenticate without a token: anonymous reading is 60 requests an hour."""
    if options.token is None and options.app_id is None:
        raise CannotAuthenticate(
            "no token is configured",
            where=name,
            todo="Write token_env, token_file or token_command for this connection, or an App.",
        )


class Installation:
    """The token of an App's installation: minted when needed, renewed before it ends."""

    def __init__(
        self, mint: Callable[[], tuple[str, datetime | None]], now: Callable[[], datetime]
    ) -> None:
        """`mint` asks the server for a new token and tells when it ends (UTC)."""
        self._mint, self._now = mint, now
        self._lock = threading.Lock()
        self._held: tuple[str, datetime] | None = None
        #: the token that each thread sent last.
        self._sent = threading.local()

    def token(self) -> str:
        """A token that is good for some minutes. Raises SourceErrors."""
        with self._lock:
            self._sent.token = None
            if self._held is None or self._held[1] - self._now() <= RENEW_BEFORE:
                token, ends = self._mint()
                remember(token)
                # A server that names no end keeps to the documented hour.
                self._held = token, ends or self._now() + timedelta(hours=1)
            self._sent.token = self._held[0]
            return self._held[0]

    def renew(self) -> bool:
        """Whether another token may help: the one that this thread sent was refused."""
        sent = getattr(self._sent, "token", None)
        with self._lock:
            if self._held is not None and self._held[0] == sent:
                self._held = None
        return sent is not None


def judge(answer: Answer, now: datetime) -> SourceError | None:
    """Trouble that only GitHub's answers tell; None where the status says it all."""
    headers, where = answer.headers, answer.url.partition("?")[0]
    if answer.status == 200 and where.endswith("/graphql") and b'"RATE_LIMITED"' in answer.body:
        return _limit(answer, now, where)
    if answer.status == 202:
        return UnexpectedAnswer(
            "the server has not worked the answer out yet (HTTP 202)",
            where=where,
            todo="The next run asks again.",
        )
    if answer.status not in (403, 429):
        return None
    sso = headers.get("X-GitHub-SSO", "")
    if sso:
        return NotAllowed(
            "the organisation wants this token to be authorised for single sign-on",
            where=where,
            todo="Open the token's settings on GitHub, choose Configure SSO and authorise it.",
        )
    said = answer.body[:4096].lower()
    if b"secondary rate limit" in said or b"abuse detection" in said or b"rate limit" in said:
        return _limit(answer, now, where)
    if answer.status == 403 and b"not accessible by" in said:
        wanted = headers.get("X-Accepted-GitHub-Permissions", "")
        return NotAllowed(
            "the token has no permission for this"
            + (f": it needs {wanted.replace('; ', ' or ')}" if wanted else ""),
            where=where,
            todo="Give the token that permission for the repository, read-only is enough.",
        )
    return None


def _limit(answer: Answer, now: datetime, where: str) -> TooManyRequests:
    wait = retry_after(answer.headers, now)
    return TooManyRequests(
        "the limit of requests is reached",
        where=where,
        todo="The next run goes on; nothing is lost.",
        until=None if wait is None else now + timedelta(seconds=wait),
    )


def graphql_url(url: str) -> str:
    """Where GraphQL answers; on Enterprise it stands beside the REST API."""
    if url.endswith("/api/v3"):
        return f"{url.removesuffix('/v3')}/graphql"
    return f"{url}/graphql"


def _session(options: GitHubOptions) -> requests.Session:
    parts = urlsplit(options.url)
    kind = HTTPSRequestsConnectionClass if parts.scheme == "https" else HTTPRequestsConnectionClass
    session: requests.Session = kind(parts.hostname or "", parts.port, retry=0).session
    session.headers["X-GitHub-Api-Version"] = API_VERSION
    return session


def _transport(
    session: requests.Session,
    options: GitHubOptions,
    runtime: Runtime,
    secrets: tuple[str, ...],
    renew: Callable[[], bool] = lambda: False,
) -> Transport:
    return Transport(
        session,
        options.url,
        runtime,
        secrets=secrets,
        vendor="GitHub",
        bucket=_bucket,
        max_concurrency=options.max_concurrency,
        judge=lambda answer: judge(answer, runtime.now()),
        renew=renew,
    )


def _bucket(method: str, path: str) -> str:
    """The limit that a request counts against; an App's own are apart from its installation's."""
    if path.endswith("/access_tokens"):
        return "app"
    return "graphql" if path.endswith("/graphql") else "core"


def _header(
    token: Callable[[], str],
) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    def add(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token()}"
        return request

    return add


def _minter(
    options: GitHubOptions, runtime: Runtime, key_file: Path
) -> Callable[[], tuple[str, datetime | None]]:
    """Asks for installation tokens through a transport of its own: a request waits for it."""
    session = _session(options)
    transport = _transport(session, options, runtime, ())
    path = f"app/installations/{options.installation_id}/access_tokens"

    def mint() -> tuple[str, datetime | None]:
        app = AppAuth(options.app_id or "", _private_key(key_file))
        try:
            # The library signs here, so a key of the wrong form shows here.
            signed = app.token
        except Exception as error:  # noqa: BLE001 - its signing library raises kinds of its own
            raise CannotAuthenticate(
                f"the App's private key cannot be used: {type(error).__name__}",
                where=str(key_file),
                todo="private_key_file must hold the PEM file that GitHub gave for the App.",
            ) from None
        remember(signed)
        session.auth = _header(lambda: signed)
        try:
            answer = transport.post(path, {}).object()
        except SourceError as error:
            if error.retryable:
                # A limit, or a server in trouble: that says nothing of the credentials.
                raise
            raise CannotAuthenticate(
                f"the App gets no token for its installation: {error.what}",
                where=error.where,
                todo="Check app_id, installation_id, the private key and this machine's clock.",
            ) from error
        token = answer.get("token")
        if not isinstance(token, str) or not token:
            raise CannotAuthenticate("the server sent no installation token", where=path)
        return token, instant(answer.get("expires_at"))

    return mint


def _private_key(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotAuthenticate(
            f"the App's private key cannot be read: {type(error).__name__}",
            where=str(path),
            todo="Check private_key_file.",
        ) from error
