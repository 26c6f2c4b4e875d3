"""The simulated servers over real HTTP on loopback, each dialect under its own path prefix."""

import argparse
import os
import re
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.simulator.build import build
from connectors.simulator.clock import Clock, Going
from connectors.simulator.code_build import build_code
from connectors.simulator.faults import Hook, Manner, Script
from connectors.simulator.github import GitHub
from connectors.simulator.gitlab import GitLab
from connectors.simulator.http import Dialect, Logged, Request, Response, json_response
from connectors.simulator.jira import Jira
from connectors.simulator.world import World

#: In how many parts a dripping answer comes.
DRIPS = 20


def default_dialects() -> tuple[Dialect, ...]:
    """Jira and GitHub as cloud services and as a company's own servers, GitLab: of one world."""
    return (
        Jira(),
        Jira(prefix="jira-dc", cloud=False),
        GitHub(),
        GitHub(prefix="github-enterprise", enterprise=True, limit=None, points=None),
        GitLab(),
    )


class Simulator:
    """A running server; use as a context manager."""

    def __init__(
        self,
        world: World,
        clock: Clock,
        *,
        dialects: tuple[Dialect, ...] | None = None,
        latency: float = 0.0,
        drip_seconds: float = 0.05,
        port: int = 0,
        address: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`latency`: real seconds each answer takes; `drip_seconds`: those between two drips.

        `address`: where it listens; another than the loopback one only in a network of its own.
        `tls`: a server's context with its certificate; without one it speaks plain HTTP.
        """
        self.world, self.clock, self.latency = world, clock, latency
        self.drip_seconds = drip_seconds
        self.dialects = {one.prefix: one for one in dialects or default_dialects()}
        self.script = Script()
        self.log: list[Logged] = []
        self._log_lock = threading.Lock()
        self.address = address
        self.scheme = "http" if tls is None else "https"
        self._server = _Server((address, port), _handler(self))
        self._server.tls = tls
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.daemon = True

    @property
    def port(self) -> int:
        """Port on its address."""
        return int(self._server.server_address[1])

    def url(self, dialect: str) -> str:
        """Base address of a dialect."""
        return f"{self.scheme}://{self.address}:{self.port}/{dialect}"

    def __enter__(self) -> "Simulator":
        """Start serving."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop serving and close the socket."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, prefix: str, request: Request) -> tuple[Response, Manner]:
        """(answer, manner of sending it)."""
        dialect = self.dialects.get(prefix)
        if dialect is None:
            return json_response({"message": "no such server"}, 404), "answer"
        fault, hooks = self.script.due(request)
        self._run(one for one in hooks if not one.after)
        with self.world.lock:
            who = dialect.credential(self.world, request)
            if fault is not None and fault.manner == "answer":
                response = fault.response(self.clock.now())
            else:
                response = self.script.answer(
                    fault, request, lambda heard: dialect.handle(self.world, self.clock, heard)
                )
        with self._log_lock:
            self.log.append(
                Logged(
                    request.method,
                    f"/{prefix}/{request.path}",
                    request.query,
                    request.headers,
                    request.body,
                    who.name if who else None,
                    response.status,
                    response.body,
                    self.clock.now(),
                )
            )
        self._run(one for one in hooks if one.after)
        return response, fault.manner if fault is not None else "answer"

    def _run(self, hooks: Iterable[Hook]) -> None:
        """What a hook does happens in the present."""
        for one in hooks:
            with self.world.lock:
                self.world.now = max(self.world.now, self.clock.now())
            one.run()

    def asked(self, matching: str = "", *, since: int = 0, by: str | None = None) -> list[Logged]:
        """Requests whose `METHOD /dialect/path` a regular expression finds, in order.

        `since`: only those after so many lines of the log; `by`: only those of a login.
        """
        with self._log_lock:
            held = self.log[since:]
        return [
            one
            for one in held
            if re.search(matching, f"{one.method} {one.path}") and by in (None, one.credential)
        ]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    tls: ssl.SSLContext | None = None

    def get_request(self) -> tuple[socket.socket, Any]:
        """A connection; behind TLS it shakes hands in its own thread, at the first reading."""
        connection, address = super().get_request()
        if self.tls is not None:
            connection = self.tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError)):
            super().handle_error(request, client_address)


def _handler(simulator: Simulator) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 64 * 1024
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def do_PUT(self) -> None:
            self._serve()

        def do_DELETE(self) -> None:
            self._serve()

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if length else b""
            parts = urlsplit(self.path)
            prefix, _, path = parts.path.lstrip("/").partition("/")
            headers = {name.title(): text for name, text in self.headers.items()}
            headers["X-Forwarded-Proto"] = simulator.scheme
            request = Request(
                self.command,
                path,
                parse_qs(parts.query),
                headers,
                body,
                parts.query,
            )
            if simulator.latency:
                time.sleep(simulator.latency)
            response, manner = simulator.answer(prefix, request)
            if manner == "drop":
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if manner == "reset":
                self.close_connection = True
                # A socket that may not linger says no goodbye when it is closed.
                self.connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                os.close(self.connection.detach())
                return
            sent = response.body[: len(response.body) // 2] if manner == "cut" else response.body
            self.send_response_only(response.status)
            self.send_header("Date", format_datetime(simulator.clock.now(), usegmt=True))
            self.send_header("Content-Type", response.content_type)
            self.send_header("Content-Length", str(len(response.body)))
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if manner == "drip":
                self._drip(sent)
            else:
                self.wfile.write(sent)
            if manner == "cut":
                self.close_connection = True

        def _drip(self, sent: bytes) -> None:
            """A few bytes at a time, in real seconds."""
            size = max(1, len(sent) // DRIPS)
            for start in range(0, len(sent), size):
                self.wfile.write(sent[start : start + size])
                self.wfile.flush()
                time.sleep(simulator.drip_seconds)

        def log_message(self, format: str, *args: object) -> None:
            """The request log is kept by the simulator."""

    return Handler


def main() -> None:
    """Serve a seeded company until interrupted; prints the addresses."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--projects", type=int, default=3)
    parser.add_argument("--issues", type=int, default=60, help="issues per project")
    parser.add_argument("--repositories", type=int, default=4)
    parser.add_argument("--changes", type=int, default=40, help="changes per repository")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds per answer")
    parser.add_argument("--certificate", help="PEM of certificate and key: speak TLS")
    options = parser.parse_args()
    tls = None
    if options.certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(options.certificate)
    now = datetime.now(UTC).replace(microsecond=0)
    world = build(
        options.seed, now=now, projects=options.projects, issues_per_project=options.issues
    )
    build_code(
        world,
        options.seed,
        repositories=options.repositories,
        changes_per_repository=options.changes,
    )
    simulator = Simulator(world, Going(now), latency=options.latency, port=options.port, tls=tls)
    with simulator:
        for name in simulator.dialects:
            print(f"{name} {simulator.url(name)}", flush=True)
        for repo in world.code.repositories.values():
            print(f"{repo.host} repository {repo.path}", flush=True)
        owner = world.credentials["owner"]
        print(f"login {owner.email} {owner.token}", flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
