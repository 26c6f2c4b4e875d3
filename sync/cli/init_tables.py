"""The tables that `driftline init` writes, from what a person answered."""

from urllib.parse import urlsplit

from sync.pasted import toml

#: Port of a mail server that encrypts from the first byte.
_TLS_PORT = 465


def connection(
    kind: str,
    url: str | None,
    key: str,
    names: tuple[str, ...],
    *,
    email: str | None = None,
    token_env: str | None = None,
    token_file: str | None = None,
) -> str:
    """One connection's table; `key` is the option that holds `names`, what is read of it.

    The proxy that the environment names for this server is written, too: a schedule has another
    environment. One with a login is not, since no password stands in the file.
    """
    lines = [f"[connections.{kind}]", f'kind = "{kind}"']
    lines += [f"url = {toml(url)}"] if url else []
    lines += [f"email = {toml(email)}"] if email else []
    if token_file:
        lines.append(f"token_file = {toml(token_file)}")
    else:
        lines.append(f"token_env = {toml(token_env or '')}")
    lines.append(f"{key} = [{', '.join(map(toml, names))}]")
    found = proxy_of(kind, url)
    lines += [f"proxy = {toml(found)}"] if found and not has_login(found) else []
    return "\n".join(lines) + "\n\n"


def proxy_of(kind: str, url: str | None) -> str | None:
    """The proxy that the environment names for a connection; `url` None is its usual server."""
    import requests

    from connectors.registry import get

    asked = url or get(kind).options.model_fields["url"].default
    return requests.utils.select_proxy(asked, requests.utils.get_environ_proxies(asked))


def has_login(proxy: str) -> bool:
    """Whether the address of a proxy names who asks."""
    return "@" in urlsplit(proxy if "//" in proxy else f"//{proxy}").netloc


def mail(sender: str, to: str, host: str | None, user: str | None, password_env: str) -> str:
    """[mail]; without a host drafts are written. Raises ValueError for a port that is none."""
    lines = ["", "[mail]", f"from = {toml(sender)}", f"to = [{toml(to)}]"]
    if host:
        parts = urlsplit(f"//{host}")
        lines.append(f"host = {toml(parts.hostname or '')}")
        if parts.port is not None:
            lines.append(f"port = {parts.port}")
        if parts.port == _TLS_PORT:
            lines.append('security = "tls"')
        if user:
            lines += [f"user = {toml(user)}", f"password_env = {toml(password_env)}"]
    return "\n".join(lines) + "\n"
