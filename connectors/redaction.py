"""Secrets never leave: whatever is shown, logged or stored goes through here first."""

import base64
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit, urlunsplit

_HEADER = re.compile(
    r"(?i)\b(authorization|cookie|set-cookie|private-token|x-[a-z-]*token)"
    r"(['\"]?\s*[:=]\s*)[^\r\n,;}]+"
)
_QUERY = re.compile(
    r"(?i)([?&](?:access_token|token|private_token|apikey|api_key|key|jwt|os_password"
    r"|client_secret|password|secret)=)[^&\s]+"
)
_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}")
#: What vendors' tokens look like, whoever they belong to.
_TOKEN = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{20,}|gl[a-z]{2,5}-[A-Za-z0-9_.-]{18,}"
    r"|ATATT3[A-Za-z0-9_=-]{20,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})"
)
#: Shorter values are words; masking them would hide harmless text.
_SHORTEST = 5
#: Below this a secret must mix kinds of characters to be masked in what a server sends: a password
#: that is a word or a number would take titles and ids with it.
_LONG = 16
#: Characters that no encoding of text changes.
_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")
_BASE64 = r"[A-Za-z0-9+/_-]*"
_NO_CAPITALS = bytes(code for code in range(256) if not ord("A") <= code <= ord("Z"))


@dataclass(frozen=True, slots=True)
class _Dress:
    """One secret in each form in which text carries it."""

    secret: str
    #: as it is, or with some of its characters escaped: URL, JSON, HTML, Python.
    escaped: re.Pattern[str]
    #: whole groups of its base64 at each of the three offsets, and its hexadecimal form.
    encoded: tuple[str, ...]
    #: what stands in every escaped form, to look for first; empty if nothing does.
    anchor: str
    #: whether it is masked in what a server sends, too.
    strong: bool


#: Every secret this process has read or minted, the longest first.
_known: tuple[_Dress, ...] = ()


def remember(secret: str) -> None:
    """Mask this secret from now on, in every form; one too short to be told from a word is not."""
    global _known
    if len(secret) >= _SHORTEST and all(one.secret != secret for one in _known):
        held = (*_known, _dress(secret))
        _known = tuple(sorted(held, key=lambda one: -len(one.secret)))


def mask(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without known secrets: plain, escaped for URL, JSON or HTML, in base64 or hex."""
    more = [_dress(one) for one in secrets if len(one) >= _SHORTEST]
    for dress in (*_known, *more):
        text = _without(text, dress)
    return text


def mask_answer(body: bytes) -> bytes:
    """What a server sent without the secrets that it sent back; JSON stays JSON.

    The check costs a few searches; only what holds one is decoded and written anew.
    """
    # What stands in the body stands with its capitals alone in those of the body, which are few.
    capitals = body.translate(None, _NO_CAPITALS)
    if any(few in capitals and form in body for few, form in _sought(_known)):
        text = body.decode("utf-8", "surrogateescape")
        for dress in _known:
            if dress.strong:
                text = _without(text, dress)
        return text.encode("utf-8", "surrogateescape")
    return body


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with known secrets and everything that looks like one masked."""
    text = mask(text, secrets)
    text = _USERINFO.sub("***@", text)
    text = _QUERY.sub(r"\1***", text)
    text = _BEARER.sub(r"\1 ***", text)
    text = _TOKEN.sub("***", text)
    return _HEADER.sub(r"\1\2***", text)


def looks_like_secret(text: str) -> bool:
    """Whether it is a token of a known shape, or one long word of mixed letters and digits."""
    if _TOKEN.search(text):
        return True
    kinds = ("[a-z]", "[A-Z]", "[0-9]")
    word = re.fullmatch(r"[A-Za-z0-9+=_-]{20,}", text) is not None
    return word and all(re.search(kind, text) for kind in kinds)


def bare_url(url: str) -> str:
    """Scheme, host and path: a query may hold a token or names of people."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "an address that cannot be read"
    host = parts.hostname or ""
    netloc = f"{host}:{port}" if port else host
    return urlunsplit((parts.scheme, netloc, parts.path, "", ""))


def _without(text: str, dress: _Dress) -> str:
    if dress.anchor in text:
        text = dress.escaped.sub("***", text)
    for form in dress.encoded:
        if form in text:
            # Around whole groups stands what shares one with its neighbours ("user:secret").
            text = re.sub(f"{_BASE64}{re.escape(form)}{_BASE64}={{0,2}}", "***", text)
    return text


@lru_cache(maxsize=4)
def _sought(known: tuple[_Dress, ...]) -> tuple[tuple[bytes, bytes], ...]:
    """The capitals of each form of these secrets, and the form itself."""
    forms = [
        form.encode() for dress in known if dress.strong for form in (dress.anchor, *dress.encoded)
    ]
    return tuple((form.translate(None, _NO_CAPITALS), form) for form in forms)


@lru_cache(maxsize=64)
def _dress(secret: str) -> _Dress:
    raw = secret.encode("utf-8", "surrogatepass")
    encoded: dict[str, None] = {}
    for start in range(3):
        # Inside a longer text only whole groups of three bytes stay alike.
        body = raw[(3 - start) % 3 :]
        body = body[: len(body) - len(body) % 3]
        if len(body) > _SHORTEST:
            encoded[base64.b64encode(body).decode()] = None
            encoded[base64.urlsafe_b64encode(body).decode()] = None
    encoded[raw.hex()] = encoded[raw.hex().upper()] = None
    runs = sorted(_PLAIN.findall(secret), key=len, reverse=True)
    anchor = runs[0] if runs and len(runs[0]) >= _SHORTEST else ""
    kinds = sum(
        bool(re.search(kind, secret)) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^a-zA-Z0-9]")
    )
    return _Dress(
        secret=secret,
        escaped=re.compile("".join(_forms(char) for char in secret)),
        encoded=tuple(encoded),
        anchor=anchor,
        strong=len(secret) >= _LONG or (len(secret) >= 8 and kinds > 1),
    )


@lru_cache(maxsize=512)
def _forms(char: str) -> str:
    """A pattern for one character of a secret in every escape that text uses."""
    if _PLAIN.fullmatch(char):
        return re.escape(char)
    code = ord(char)
    forms = [
        # More than one backslash: JSON that stands as text in JSON.
        "".join(rf"\\+(?i:u{unit:04x})" for unit in _units(char)),
        rf"\\+(?i:x{code:02x})",
        rf"\\+U{code:08x}",
        rf"\\+{re.escape(char)}",
        "".join(f"(?i:%{byte:02x})" for byte in char.encode("utf-8", "surrogatepass")),
        f"&#0*{code};",
        f"(?i:&#x0*{code:x};)",
        re.escape(html.escape(char)),
        r"\+" if char == " " else re.escape(char),
        # Last: the character may begin its own escape.
        re.escape(char),
    ]
    return f"(?:{'|'.join(dict.fromkeys(forms))})"


def _units(char: str) -> list[int]:
    """UTF-16 code units, as JSON escapes them."""
    raw = char.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(raw[n : n + 2], "big") for n in range(0, len(raw), 2)]
