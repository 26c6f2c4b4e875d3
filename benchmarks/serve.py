"""Serve recorded answers from memory, in a process of its own.

    python -m benchmarks.serve FILE LATENCY_SECONDS PORT
Prints the address on its first line. `GET /served` tells how many requests there were since it was
asked last, and which of them were not recorded.
"""

import pickle
import sys
import threading
import time
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import orjson

from benchmarks.recorder import HERE, Answer, Key, key


def main() -> None:
    """Serve until the parent ends."""
    held = pickle.loads(Path(sys.argv[1]).read_bytes())
    latency, port = float(sys.argv[2]), int(sys.argv[3])
    server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
    address = f"http://127.0.0.1:{server.server_address[1]}"
    _Handler.answers = {
        asked: _at_home(answer, address)
        for asked, answer in {**held.get("others", {}), **held["answers"]}.items()
    }
    _Handler.pages, _Handler.latency = held.get("pages", []), latency
    _Handler.date = format_datetime(held["now"], usegmt=True)
    server.daemon_threads = True
    print(address, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    # The parent closes our standard input when it is done.
    sys.stdin.read()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    answers: dict[Key, Answer]
    pages: list[bytes]
    latency: float
    date: str
    #: requests since the last telling, and those that nothing was recorded for.
    count = 0
    missed: ClassVar[list[str]] = []
    lock = threading.Lock()

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        parts = urlsplit(self.path)
        if parts.path == "/served":
            self._send(200, self._told(), {})
            return
        with self.lock:
            _Handler.count += 1
        if self.latency:
            time.sleep(self.latency)
        if parts.path.startswith("/pages/"):
            self._send(200, self.pages[int(parts.path.rsplit("/", 1)[1])], {})
            return
        found = self.answers.get(key(self.command, parts.path, parse_qs(parts.query), body))
        if found is None:
            with self.lock:
                self.missed.append(f"{self.command} {self.path} {body[:80]!r}")
        self._send(*(found or (404, b"{}", {})))

    do_GET = do_POST = _serve

    def _told(self) -> bytes:
        with self.lock:
            told = {"requests": self.count, "missed": list(self.missed)}
            _Handler.count = 0
            self.missed.clear()
        return orjson.dumps(told)

    def _send(self, status: int, sent: bytes, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        self.send_header("Date", self.date)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        for name, text in headers.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def _at_home(answer: Answer, address: str) -> Answer:
    """With links to whoever serves."""
    status, body, headers = answer
    here = {name: text.replace(HERE, address) for name, text in headers.items()}
    return status, body.replace(HERE.encode(), address.encode()), here


if __name__ == "__main__":
    main()
