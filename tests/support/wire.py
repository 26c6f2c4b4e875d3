"""Servers that tell what really arrives: plain or TLS, and a proxy that tunnels."""

import base64
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from connectors.contract import Runtime
from connectors.github.client import make_transport as github
from connectors.github.options import GitHubOptions
from connectors.gitlab.client import make_transport as gitlab
from connectors.gitlab.options import GitLabOptions
from connectors.jira.client import make_transport as jira
from connectors.jira.options import JiraOptions
from connectors.transport import Transport

TOKEN = "Tok3n-that-only-one-server-may-see"
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Arrived:
    """One request as it came over the wire."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """All of it, to search in."""
        head = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        return f"{self.method} {self.path}\n{head}\n\n{self.body.decode('utf-8', 'replace')}"


@dataclass
class Reply:
    """What a server answers."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Wire:
    """A running server and what arrived at it."""

    server: ThreadingHTTPServer
    scheme: str = "http"
    arrived: list[Arrived] = field(default_factory=list)
    #: what it answers; by request.
    answer: Callable[[Arrived], Reply] = lambda arrived: Reply()

    @property
    def port(self) -> int:
        """Port on the loopback address."""
        return int(self.server.server_address[1])

    @property
    def url(self) -> str:
        """Its base address."""
        host = "localhost" if self.scheme == "https" else "127.0.0.1"
        return f"{self.scheme}://{host}:{self.port}"


@contextmanager
def wire(context: ssl.SSLContext | None = None) -> Iterator[Wire]:
    """A server on loopback; with `context` behind TLS."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body go in two writes: without this each answer waits for an acknowledgement.
        disable_nagle_algorithm = True

        def _any(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            came = Arrived(
                self.command, self.path, dict(self.headers.items()), self.rfile.read(size)
            )
            made.arrived.append(came)
            reply = made.answer(came)
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(reply.body)

        do_GET = do_POST = _any

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self) -> tuple[socket.socket, object]:
            sock, address = super().get_request()
            if context is not None:
                sock.settimeout(5)
                sock = context.wrap_socket(sock, server_side=True)
            return sock, address

        def handle_error(self, request: object, client_address: object) -> None:
            pass

    made = Wire(Server(("127.0.0.1", 0), Handler), "https" if context else "http")
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        thread.join()
        made.server.server_close()


@dataclass
class Proxy:
    """A proxy that tunnels every name to one port of this machine."""

    listening: socket.socket
    target: int
    #: first lines and headers of what it was asked, as text.
    asked: list[str] = field(default_factory=list)
    #: bytes that passed through the tunnels from the client.
    passed: bytearray = field(default_factory=bytearray)
    #: what it answers to CONNECT.
    says: str = "200 Connection established"

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}"

    def serve(self) -> None:
        """Take connections until the socket is closed."""
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._tunnel, args=(client,), daemon=True).start()

    def _tunnel(self, client: socket.socket) -> None:
        client.settimeout(5)
        with client, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4096)
            self.asked.append(head.decode("latin-1"))
            client.sendall(f"HTTP/1.1 {self.says}\r\n\r\n".encode())
            if not self.says.startswith("200"):
                return
            with socket.create_connection(("127.0.0.1", self.target), timeout=5) as server:
                back = threading.Thread(target=_pump, args=(server, client, None), daemon=True)
                back.start()
                _pump(client, server, self.passed)
                back.join(5)


def _pump(source: socket.socket, target: socket.socket, seen: bytearray | None) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            if seen is not None:
                seen.extend(chunk)
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def proxy(target: int) -> Iterator[Proxy]:
    """A running proxy in front of a port."""
    listening = socket.create_server(("127.0.0.1", 0))
    made = Proxy(listening, target)
    thread = threading.Thread(target=made.serve, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        # A close alone wakes nobody who accepts.
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def runtime(**changes: object) -> Runtime:
    """What the engine lends, with a clock that stands still."""
    return Runtime(now=lambda: NOW, sleep=lambda seconds: None, **changes)  # type: ignore[arg-type]  # by name


#: name -> the transport of a vendor's own client at an address.
CLIENTS: dict[str, Callable[..., Transport]] = {
    "jira cloud": lambda url, **more: jira(
        JiraOptions(url=url, email="ana@example.net", token=TOKEN), runtime(**more)
    ),
    "jira data center": lambda url, **more: jira(
        JiraOptions(url=url, token=TOKEN), runtime(**more)
    ),
    "github": lambda url, **more: github(GitHubOptions(url=url, token=TOKEN), runtime(**more)),
    "gitlab": lambda url, **more: gitlab(GitLabOptions(url=url, token=TOKEN), runtime(**more)),
}
#: The token as it may stand in a request.
IN_ANY_FORM = (TOKEN, base64.b64encode(f"ana@example.net:{TOKEN}".encode()).decode())


def holds_token(text: str) -> bool:
    """Whether the token stands in it."""
    return any(form in text for form in IN_ANY_FORM)
