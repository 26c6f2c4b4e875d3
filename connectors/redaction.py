"""Secrets never leave: whatever is shown, logged or stored goes through here first."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

_HEADER = re.compile(
    r"(?i)\b(authorization|cookie|set-cookie|private-token|x-[a-z-]*token)"
    r"(['\"]?\s*[:=]\s*)[^\r\n,;}]+"
)
_QUERY = re.compile(
    r"(?i)([?&](?:access_token|token|private_token|apikey|api_key|key|jwt|os_password)=)[^&\s]+"
)
_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}")
#: Shorter values are words; masking them would hide harmless text.
_SHORTEST = 5


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with known secrets and everything that looks like one masked."""
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, "***")
    text = _USERINFO.sub("***@", text)
    text = _QUERY.sub(r"\1***", text)
    text = _BEARER.sub(r"\1 ***", text)
    return _HEADER.sub(r"\1\2***", text)


def bare_url(url: str) -> str:
    """Scheme, host and path: a query may hold a token or names of people."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    netloc = f"{host}:{parts.port}" if parts.port else host
    return urlunsplit((parts.scheme, netloc, parts.path, "", ""))
