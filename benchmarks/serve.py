"""Serve recorded answers from memory, in a process of its own.

    python -m benchmarks.serve FILE LATENCY_SECONDS
Prints the address on its first line.
"""

import pickle
import sys
import threading
import time
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from benchmarks.world import NOW


def main() -> None:
    """Serve until the parent ends."""
    held = pickle.loads(Path(sys.argv[1]).read_bytes())
    answers, latency = held["answers"], float(sys.argv[2])
    date = format_datetime(NOW, usegmt=True)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 1 << 16

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if length else b""
            parts = urlsplit(self.path)
            query = "&".join(
                f"{name}={v}" for name, vs in sorted(parse_qs(parts.query).items()) for v in vs
            )
            if parts.path.startswith("/pages/"):
                self._send(200, held["pages"][int(parts.path.rsplit("/", 1)[1])])
                return
            status, sent = answers.get((self.command, f"{parts.path}?{query}", body), (404, b"{}"))
            self._send(status, sent)

        def _send(self, status: int, sent: bytes) -> None:
            if latency:
                time.sleep(latency)
            self.send_response_only(status)
            self.send_header("Date", date)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = _serve

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    # The parent closes our standard input when it is done.
    sys.stdin.read()


if __name__ == "__main__":
    main()
