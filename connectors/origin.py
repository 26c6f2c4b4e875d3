"""One origin per connection: where a request really goes, judged as the wire does."""

import re
import ssl
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import requests
import truststore
from requests.adapters import HTTPAdapter

#: Scheme, host and port.
Origin = tuple[str, str, int]
#: What readers of addresses take for different things: no server's link needs it unescaped.
_AMBIGUOUS = re.compile(r"[\\\s\x00-\x20\x7f]")
#: Scheme and authority: all that decides where a request goes.
_HEAD = re.compile(r"[^/?#]*//[^/?#]*")
_PORTS = {"https": 443, "http": 80}


def origin_of(url: str) -> Origin | None:
    r"""Scheme, host and port that a request to `url` reaches; None for what no link may be.

    Judged as the client writes it before it connects: `https://evil\@host/` is another server there
    than for the standard library. A login inside an address would replace the token's.
    """
    head = _HEAD.match(url)
    if _AMBIGUOUS.search(url) or head is None or "@" in head[0]:
        return None
    return _of_head(head[0])


@lru_cache(maxsize=64)
def _of_head(head: str) -> Origin | None:
    try:
        parts = urlsplit(requests.Request("GET", head).prepare().url or "")
        port = parts.port
    except ValueError:
        # Every way in which requests refuses an address is one.
        return None
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in _PORTS or not host or "%" in host or "@" in parts.netloc:
        return None
    return parts.scheme, host, port or _PORTS[parts.scheme]


class OriginAdapter(HTTPAdapter):
    """The last door before the wire: what would leave for another origin is not sent.

    Whoever asks (our transport, a vendor's library, a redirect that one of them follows) passes
    here, after the credentials were added.
    """

    def __init__(self, origin: Origin | None, *, system_trust: bool) -> None:
        """`system_trust`: trust what the operating system trusts, not the session's file."""
        self._only = origin
        self._system_trust = system_trust
        super().__init__(pool_maxsize=16, max_retries=0)

    def send(
        self, request: requests.PreparedRequest, *args: Any, **options: Any
    ) -> requests.Response:
        """Send it to the one origin. Raises InvalidURL for any other."""
        if self._only is None or origin_of(request.url or "") != self._only:
            raise requests.exceptions.InvalidURL("the address belongs to another server")
        return super().send(request, *args, **options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Pools that check certificates as told."""
        super().init_poolmanager(*args, **self._trusting(options))

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Likewise behind a proxy."""
        return super().proxy_manager_for(proxy, **self._trusting(options))

    def _trusting(self, options: dict[str, Any]) -> dict[str, Any]:
        if self._system_trust:
            options["ssl_context"] = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return options
