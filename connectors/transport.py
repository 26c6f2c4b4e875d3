"""The one owner of retry, timeout, rate limits, redirects, accounting and redaction.

It works on the session of a vendor's own client library, whose retries are off, and hands back
bytes: no library objects, no second retry loop.
"""

import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import tenacity
from requests.structures import CaseInsensitiveDict

from connectors.contract import (
    BrokenAnswer,
    CannotAuthenticate,
    NotAllowed,
    NotFound,
    Runtime,
    SourceError,
    TooManyRequests,
    Unavailable,
    UnexpectedAnswer,
    WrongAddress,
)
from connectors.jsonbytes import decode, decode_plain, encode
from connectors.limits import UNSAID_WAIT, Limits, is_limited, retry_after, too_long
from connectors.limits import http_date as http_date
from connectors.logins import Logins
from connectors.origin import Origin, OriginAdapter, origin_of
from connectors.redaction import bare_url, mask, mask_answer, redact, remember

#: Attempts for one request, the first included.
ATTEMPTS = 5
#: Longest total time for one answer: a slow drip never hits the read timeout.
MAX_SECONDS = 300.0
#: First and longest backoff where the server names no time, seconds.
BACKOFF_FIRST, BACKOFF_MOST = 1.0, 60.0

_RETRY_STATUS = frozenset({500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NETWORK = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
    # What urllib3 raises while the body is read; requests holds it without exporting it.
    requests.exceptions.BaseHTTPError,  # type: ignore[attr-defined]
)
#: What libraries say of the two commonest troubles of a first connection, and what of it is told.
_PLAIN = (
    (re.compile(r"certificate verify failed: (.+?) \(_ssl"), r"\1"),
    (
        re.compile(r"Failed to resolve '([^']+)' \((?:\[Errno -?\d+\] )?([^()]+)\)"),
        r"the name \1 is not known here (\2)",
    ),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sent back."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    #: the decoded body; None for an empty one.
    parsed: Any = None
    #: whether the body is known to be UTF-8 throughout.
    is_utf8: bool = False

    def object(self) -> dict[str, Any]:
        """The body as a JSON object. Raises UnexpectedAnswer if it is something else."""
        if isinstance(self.parsed, dict):
            return self.parsed
        raise UnexpectedAnswer(
            "the answer is not a JSON object",
            where=bare_url(self.url),
            todo="If this repeats, report it with the vendor's version.",
        )

    def array(self) -> list[Any]:
        """The body as a JSON array. Raises UnexpectedAnswer if it is something else."""
        if isinstance(self.parsed, list):
            return self.parsed
        raise UnexpectedAnswer(
            "the answer is not a JSON array",
            where=bare_url(self.url),
            todo="If this repeats, report it with the vendor's version.",
        )

    @property
    def server_time(self) -> datetime | None:
        """The server's clock from the Date header (UTC, whole seconds)."""
        return http_date(self.headers.get("Date"))


class _Again(Exception):
    """An attempt failed in a way that another may not; `wait` is what the server asked for."""

    def __init__(
        self,
        error: SourceError,
        wait: float | None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.error, self.wait, self.headers = error, wait, headers
        super().__init__(str(error))


class Transport:
    """Requests of one connection; may be used by several threads at once."""

    def __init__(
        self,
        session: requests.Session,
        base_url: str,
        runtime: Runtime,
        *,
        secrets: Iterable[str] = (),
        vendor: str = "",
        bucket: Callable[[str, str], str] = lambda method, path: "default",
        ticks: Callable[[], float] = time.monotonic,
        max_concurrency: int = 8,
        owner: object = None,
        judge: Callable[["Answer"], SourceError | None] = lambda answer: None,
        unsaid_wait: float = UNSAID_WAIT,
        renew: Callable[[], bool] = lambda: False,
        closing_slash: bool = False,
    ) -> None:
        """`base_url` is the only origin requests may reach; `secrets` are masked from now on.

        `unsaid_wait`: seconds to wait first at a limit whose end the server does not tell, or tells
        wrong. `bucket` names the limit a request counts
        against. `ticks` counts real seconds: a slow drip is no matter of the run's clock.
        `max_concurrency`: requests in flight at once, over all threads. `owner`: the client that
        the session belongs to; it is kept alive, since its finalizer closes the session. `judge`:
        trouble that only this vendor's answers tell, also with status 200; what it calls retryable
        is tried again, a limit after its `until`. `renew`: takes a new credential after one was
        refused, and says whether there is one to ask once more with. `closing_slash`: this vendor's
        addresses end with a slash; else one without its last part is refused.
        """
        self.session, self.base_url, self.runtime = session, base_url.rstrip("/"), runtime
        self.vendor = vendor
        for secret in secrets:
            remember(secret)
        self._bucket = bucket
        self._ticks = ticks
        self._owner = owner
        self._judge = judge
        self._closing_slash = closing_slash
        self._logins = Logins(renew)
        self._limits = Limits(
            runtime,
            max_concurrency=max_concurrency,
            unsaid_wait=unsaid_wait,
            # A connection that nobody used for a while is dead without telling.
            before_long_wait=session.close,
        )
        self._origin = origin_of(self.base_url)
        self._lock = threading.Lock()
        self._local = threading.local()
        #: requests sent, attempts counted one by one.
        self.requests = 0
        _prepare(session, self.base_url, self._origin, runtime)

    @property
    def thread_requests(self) -> int:
        """Requests sent by the calling thread."""
        return int(getattr(self._local, "requests", 0))

    def get(self, path: str, params: Mapping[str, Any] | None = None, **options: Any) -> Answer:
        """GET below the base address. Raises SourceErrors."""
        return self.request("GET", path, params=params, **options)

    def post(self, path: str, body: Any, **options: Any) -> Answer:
        """POST of a JSON body below the base address: only for reading endpoints."""
        return self.request("POST", path, body=body, **options)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        allow: frozenset[int] = frozenset(),
        json_only: bool = True,
        attempts: int = ATTEMPTS,
    ) -> Answer:
        """One answer after at most `attempts` tries.

        `allow`: error statuses that are handed back instead of raised. `json_only`: any other
        content type means that the address is not this vendor's API.
        """
        parts = path.partition("?")[0].lstrip("/").split("/")
        if "://" not in path and "" in (parts[:-1] if self._closing_slash else parts):
            # An id that is missing names a listing of all, or somebody else's record.
            raise UnexpectedAnswer("something was named without its id", where=f"{method} {path}")
        url = path if "://" in path else f"{self.base_url}/{path.lstrip('/')}"
        self._same_origin(url, "a link of the answer leads to another server")
        bucket = self._bucket(method, urlsplit(url).path)
        self._limits.enter(bucket, f"{method} {bare_url(url)}")

        def once() -> Answer:
            try:
                return self._once(method, url, params, body, allow, json_only, bucket)
            except _Again as failed:
                # After a long sleep a dead connection says nothing of the server: once for free.
                if failed.headers is not None or not self._limits.slept():
                    raise
            return self._once(method, url, params, body, allow, json_only, bucket)

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(attempts),
            retry=tenacity.retry_if_exception_type(_Again),
            wait=lambda state: self._wait_for(state, bucket, attempts),
            after=lambda state: self._note_limit(state, bucket),
            sleep=self._limits.sleep,
            reraise=True,
        )
        try:
            return self._logins.ask(lambda: retrying(once))
        except _Again as failed:
            raise _told(failed.error) from None

    # --- one attempt ------------------------------------------------------------------------

    def _once(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None,
        body: Any,
        allow: frozenset[int],
        json_only: bool,
        bucket: str,
    ) -> Answer:
        where = f"{method} {bare_url(url)}"
        for _ in range(5):
            with self._limits.slots:
                answer = self._send(method, url, params, body, where)
            if answer.status not in _REDIRECTS:
                break
            url = self._redirect(answer, url, method, where)
            # The target names its own query; ours must not be lost with a bare one.
            if urlsplit(url).query:
                params = None
        else:
            raise WrongAddress(
                "the server redirects in circles", where=where, todo="Check the address."
            )
        self._limits.note(bucket, answer.headers)
        trouble = self._judge(answer)
        if trouble is not None:
            raise self._judged(trouble, answer)
        if answer.status < 400:
            return self._good(answer, where, json_only)
        if answer.status in allow:
            return answer
        raise self._bad(answer, where)

    def _send(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None,
        body: Any,
        where: str,
    ) -> Answer:
        with self._lock:
            self.requests += 1
        self._local.requests = self.thread_requests + 1
        started = self._ticks()
        seconds = self.runtime.timeout_seconds
        headers = {"User-Agent": self.runtime.user_agent, "Accept": "application/json"}
        data = None
        if body is not None:
            data = encode(body)
            headers["Content-Type"] = "application/json"
        try:
            # The library's own `request` retries by itself: the plain session's is used.
            response = requests.Session.request(
                self.session,
                method,
                url,
                params=dict(params) if params else None,
                data=data,
                headers=headers,
                timeout=(min(10.0, seconds), seconds),
                allow_redirects=False,
                stream=True,
            )
            with response:
                content = self._body(response, where, started)
        except requests.exceptions.SSLError as error:
            raise WrongAddress(
                f"the certificate is not trusted: {self._clean(error)}",
                where=where,
                todo="Install your company's root certificate, or name it in `ca_bundle`.",
            ) from None
        except requests.exceptions.ProxyError as error:
            raise _Again(
                Unavailable(
                    f"the proxy does not let it through: {self._clean(error)}",
                    where=where,
                    todo="Check `proxy` or HTTPS_PROXY.",
                ),
                None,
            ) from None
        except ValueError as error:
            # Every way in which requests refuses an address is a ValueError too.
            raise WrongAddress(
                f"the request cannot be made: {self._clean(error)}",
                where=where,
                todo="Check the address in the configuration.",
            ) from None
        except _NETWORK as error:
            raise _Again(
                Unavailable(
                    f"no answer: {self._clean(error)}",
                    where=where,
                    todo="Check the network, the address and the proxy; the next run goes on.",
                ),
                None,
            ) from None
        except OSError as error:
            raise WrongAddress(
                f"the request cannot be made: {self._clean(error)}",
                where=where,
                todo="Check `ca_bundle` and `proxy` in the configuration.",
            ) from None
        return Answer(response.status_code, _unsecret(response.headers), mask_answer(content), url)

    def _body(self, response: requests.Response, where: str, started: float) -> bytes:
        chunks: list[bytes] = []
        size, most = 0, self.runtime.max_answer_bytes
        # read1 hands over what has arrived; read would wait for a whole chunk of a slow drip. What
        # comes packed is unpacked no further than that at a time.
        while chunk := response.raw.read1(256 * 1024, decode_content=True):
            chunks.append(chunk)
            size += len(chunk)
            if size > most:
                raise UnexpectedAnswer(
                    f"the answer is larger than {most / 2**20:g} MB",
                    where=where,
                    todo="If this server's answers are that large, raise max_answer_mb.",
                )
            if self._ticks() - started > MAX_SECONDS:
                raise _Again(
                    Unavailable("the answer takes too long", where=where, todo="Try again later."),
                    None,
                )
        declared = response.headers.get("Content-Length")
        encoded = response.headers.get("Content-Encoding")
        if declared and declared.isdecimal() and not encoded and size < int(declared):
            raise _Again(
                Unavailable("the answer was cut off", where=where, todo="Try again later."), None
            )
        return b"".join(chunks)

    def _redirect(self, answer: Answer, url: str, method: str, where: str) -> str:
        try:
            target = urljoin(url, answer.headers.get("Location", ""))
        except ValueError:
            target = ""
        self._same_origin(
            target, f"the server redirects to {bare_url(target)}, maybe a sign-in page"
        )
        if method != "GET" and answer.status not in (307, 308):
            raise WrongAddress(
                "the server redirects a request that must not change",
                where=where,
                todo="Write the address it redirects to into the configuration.",
            )
        return target

    def _same_origin(self, url: str, what: str) -> None:
        """No credential ever goes to another origin."""
        if self._origin is None:
            raise WrongAddress(
                "this is no address that requests can be sent to",
                where=self.base_url,
                todo="Check the address in the configuration.",
            )
        if origin_of(url) != self._origin:
            raise WrongAddress(
                what,
                where=self.base_url,
                todo="Check the address, and that the token is of the kind this server wants.",
            )

    def _good(self, answer: Answer, where: str, json_only: bool) -> Answer:
        if not json_only or answer.status == 204:
            return answer
        kind = answer.headers.get("Content-Type", "").split(";")[0].strip().lower()
        start = answer.body[:200].lstrip()[:1]
        if "html" in kind or start == b"<":
            raise WrongAddress(
                "the server answers with a web page instead of data"
                + (f" (it says: {title})" if (title := _title(answer.body)) else ""),
                where=where,
                todo="Check the address; behind single sign-on, check that the token is valid.",
            )
        if answer.body and start not in b'{["0123456789-tfn':
            raise UnexpectedAnswer(f"the answer is not JSON but {kind or 'unknown'}", where=where)
        if not answer.body:
            return answer
        try:
            parsed = decode_plain(answer.body)
            if parsed is not None:
                return replace(answer, parsed=parsed, is_utf8=True)
            return replace(answer, parsed=decode(answer.body))
        except ValueError:
            raise _Again(
                BrokenAnswer(
                    "the answer is broken JSON",
                    where=where,
                    todo="If this repeats, look for a proxy that cuts answers.",
                ),
                None,
            ) from None

    def _judged(self, trouble: SourceError, answer: Answer) -> Exception:
        if not trouble.retryable:
            return trouble
        until = trouble.until if isinstance(trouble, TooManyRequests) else None
        wait = None if until is None else (until - self.runtime.now()).total_seconds()
        return _Again(trouble, wait, answer.headers)

    def _bad(self, answer: Answer, where: str) -> Exception:
        status, headers = answer.status, answer.headers
        said = self._said(answer)
        if status == 429 or (status == 403 and is_limited(headers)):
            return _Again(
                TooManyRequests(
                    f"the limit of requests is reached{said}",
                    where=where,
                    todo="The next run goes on; nothing is lost.",
                ),
                retry_after(headers, self.runtime.now()),
                headers,
            )
        if status in _RETRY_STATUS:
            return _Again(
                Unavailable(
                    f"the server has trouble (HTTP {status}){said}",
                    where=where,
                    todo="The next run goes on; nothing is lost.",
                ),
                retry_after(headers, self.runtime.now()),
                headers,
            )
        if status == 401 or _denied_login(headers):
            return CannotAuthenticate(
                f"the server refuses the credentials (HTTP {status}){said}",
                where=where,
                todo="Check user and token, their kind, and whether the token has expired.",
                counts=_denied_login(headers),
            )
        if status == 403:
            return NotAllowed(
                f"the token has no permission for this{said}",
                where=where,
                todo="Run `driftline check` to see which permission is missing.",
            )
        if status in (404, 410):
            return NotFound(f"not there, or not visible for this token{said}", where=where)
        if status == 407:
            return WrongAddress(
                "the proxy wants credentials", where=where, todo="Put them into `proxy`."
            )
        return UnexpectedAnswer(
            f"the server refuses the request (HTTP {status}){said}", where=where
        )

    # --- waiting ----------------------------------------------------------------------------

    def _note_limit(self, state: tenacity.RetryCallState, bucket: str) -> None:
        """A limit that was reached holds for all threads, also after the last attempt."""
        failed = state.outcome.exception() if state.outcome is not None else None
        if isinstance(failed, _Again) and isinstance(failed.error, TooManyRequests):
            failed.wait = self._limits.reached(
                failed.error, failed.headers or {}, failed.wait, bucket, state.attempt_number
            )

    def _wait_for(self, state: tenacity.RetryCallState, bucket: str, attempts: int) -> float:
        """Seconds before the next attempt; gives up when the run may not wait that long."""
        failed = state.outcome.exception() if state.outcome is not None else None
        assert isinstance(failed, _Again)
        wait = failed.wait
        if wait is None:
            wait = self._limits.backoff(state.attempt_number, BACKOFF_FIRST, BACKOFF_MOST)
        waits = state.attempt_number < attempts and self._limits.may_wait(wait)
        if waits or isinstance(failed.error, TooManyRequests):
            self._limits.announce(wait, failed.error.what, bucket, waits=waits)
        if not waits:
            raise _told(failed.error)
        return wait

    # --- words ------------------------------------------------------------------------------

    def _said(self, answer: Answer) -> str:
        """The server's own words, if they are words."""
        try:
            found = decode(answer.body)
        except ValueError:
            return ""
        if not isinstance(found, dict):
            return ""
        messages = found.get("errorMessages") or found.get("errors") or found.get("message")
        if isinstance(messages, dict):
            messages = list(messages.values())
        if isinstance(messages, list):
            # GraphQL, and GitHub's refusals of a parameter, wrap each message.
            words = (one.get("message") if isinstance(one, dict) else one for one in messages[:3])
            messages = "; ".join(str(one) for one in words if one)
        return f": {self._clean(messages)[:300]}" if messages else ""

    def _clean(self, what: object) -> str:
        text = " ".join(str(what).split())
        for pattern, plain in _PLAIN:
            if found := pattern.search(text):
                return redact(found.expand(plain))[:300]
        # requests nests its causes; the innermost says what happened.
        for mark in ("Failed to establish a new connection: ", "Caused by "):
            if mark in text:
                text = text.split(mark, 1)[1].rstrip(")'\"")
        return redact(text)[:300]


def _prepare(
    session: requests.Session, base_url: str, origin: Origin | None, runtime: Runtime
) -> None:
    """What the environment says of proxies and certificates is read once, for the one origin.

    Left to itself, requests reads it for every request, lets HTTPS_PROXY win over the configured
    proxy, and puts a login of ~/.netrc in the place of the token.
    """
    # Even with redirects off, requests reads the body of one to prepare the next request. Set by
    # name: mypy lets nobody assign to a method.
    setattr(session, "get_redirect_target", lambda response: None)  # noqa: B010
    session.trust_env = False
    bundles = (runtime.ca_bundle, *map(os.environ.get, ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")))
    bundle = next((one for one in bundles if one), None)
    session.verify = bundle or True
    adapter = OriginAdapter(origin, system_trust=not bundle)
    # What the library mounted for a longer prefix would win over it.
    session.adapters.clear()
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    if runtime.proxy:
        session.proxies = {"http": runtime.proxy, "https": runtime.proxy}
    else:
        session.proxies = requests.utils.get_environ_proxies(base_url)


def _told(error: SourceError) -> SourceError:
    """The error as it is raised: one of a limit says until when."""
    if isinstance(error, TooManyRequests) and error.until is not None:
        return too_long(error.what, error.where, error.until)
    return error


def _denied_login(headers: Mapping[str, str]) -> bool:
    """Jira asks for a CAPTCHA after failed log-ins: another try makes it worse."""
    reason = headers.get("X-Seraph-LoginReason", "")
    return "AUTHENTICATION_DENIED" in reason or "x-authentication-denied-reason" in {
        name.lower() for name in headers
    }


def _unsecret(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The headers without a secret that the server sent back in one."""
    sent = "\n".join(headers.values())
    if mask(sent) == sent:
        return headers
    return CaseInsensitiveDict({name: mask(value) for name, value in headers.items()})


def _title(body: bytes) -> str:
    low = body[:4096].lower()
    start, end = low.find(b"<title>"), low.find(b"</title>")
    if start < 0 or end < start:
        return ""
    return " ".join(body[start + 7 : end].decode("utf-8", "replace").split())[:80]
