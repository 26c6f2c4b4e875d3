"""The `jira` library's client for authentication and session; its retries and objects are off."""

from base64 import b64encode
from typing import Any

import requests
from jira import JIRA

from connectors.contract import CannotAuthenticate, NotAllowed, Runtime, SourceError
from connectors.jira.options import JiraOptions
from connectors.redaction import bare_url
from connectors.transport import Answer, Transport


def make_transport(options: JiraOptions, runtime: Runtime) -> Transport:
    """A transport on the library's own session; makes no request."""
    token = options.token.get_secret_value() if options.token is not None else None
    user = options.email or options.username
    arguments: dict[str, Any] = {
        "server": options.url,
        "options": {"check_update": False, "agile_rest_path": "agile"},
        "get_server_info": False,
        "max_retries": 0,
        "timeout": runtime.timeout_seconds,
    }
    if token is not None and user is not None:
        arguments["basic_auth"] = (user, token)
    elif token is not None:
        arguments["token_auth"] = token
    client = JIRA(**arguments)
    session: requests.Session = client._session
    secrets = [token or ""]
    if token is not None and user is not None:
        secrets.append(b64encode(f"{user}:{token}".encode()).decode())
    return Transport(
        session,
        options.url,
        runtime,
        secrets=secrets,
        vendor="Jira",
        bucket=_bucket,
        max_concurrency=options.max_concurrency,
        judge=judge,
        owner=client,
    )


def judge(answer: Answer) -> SourceError | None:
    """Trouble that is told apart by its words alone.

    The gateway of scoped tokens answers 401 to a good token that lacks a scope: that is no wrong
    password, and no reason to stop sending it.
    """
    if answer.status == 401 and b"scope does not match" in answer.body:
        return NotAllowed(
            "the token lacks the scope for this",
            where=bare_url(answer.url),
            todo="Make a token with all scopes that the page on scoped tokens names.",
        )
    return None


def _bucket(method: str, path: str) -> str:
    """Jira limits bursts per method and endpoint."""
    names = [part for part in path.partition("/rest/")[2].split("/")[2:] if not part.isdecimal()]
    return f"{method} {'/'.join(names[:2])}"


def need_credentials(options: JiraOptions, name: str) -> None:
    """Raise CannotAuthenticate without a token: anonymous reading would be partial."""
    if options.token is None:
        raise CannotAuthenticate(
            "no token is configured",
            where=name,
            todo="Write token_env, token_file or token_command for this connection.",
        )
