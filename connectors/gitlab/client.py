"""The `python-gitlab` client for authentication and session; its retries and objects are off."""

import requests
from gitlab import Gitlab

from connectors.contract import CannotAuthenticate, Runtime
from connectors.gitlab.options import GitLabOptions
from connectors.transport import Transport


def make_transport(options: GitLabOptions, runtime: Runtime) -> Transport:
    """A transport on the library's own session; makes no request.

    The token goes as Bearer, which GitLab takes for every kind of access token: a header of the
    vendor's own name would follow a redirect to another host.
    """
    token = options.token.get_secret_value() if options.token is not None else None
    client = Gitlab(
        options.url,
        oauth_token=token,
        timeout=runtime.timeout_seconds,
        retry_transient_errors=False,
        keep_base_url=True,
    )
    session: requests.Session = client.session
    # Set on the session, so that a .netrc of the machine does not replace it.
    session.auth = client._auth
    return Transport(
        session,
        options.url,
        runtime,
        secrets=[token or ""],
        vendor="GitLab",
        max_concurrency=options.max_concurrency,
        owner=client,
    )


def need_credentials(options: GitLabOptions, name: str) -> None:
    """Raise CannotAuthenticate without a token: anonymous reading would be partial."""
    if options.token is None:
        raise CannotAuthenticate(
            "no token is configured",
            where=name,
            todo="Write token_env, token_file or token_command for this connection.",
        )
