"""The demo's mail through Postfix, printed: PYTHONPATH=tests python tests/mail/by_hand.py."""

import os
import re
import subprocess
import sys
import tempfile
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from support.postfix import PASSWORD, USER, Postfix, missing, postfix

TPM = "tpm@example.net"

CONFIG = """\
name = "Apollo"
store = "demo/driftline.db"
[mail]
from = "Drift report <driftline@example.com>"
to = ["{to}"]
host = "localhost"
port = {port}
security = "starttls"
user = "{user}"
password_env = "SMTP_PASSWORD"
ca_bundle = "{bundle}"
"""


def main() -> int:
    """Run it all in a directory that is gone afterwards; 0 if the mail arrived as it was."""
    if why := missing():
        print(f"Not done: {why}.")
        return 1
    version = subprocess.run(
        ["postconf", "-d", "-h", "mail_version"], check=True, capture_output=True, text=True
    )
    print(f"Postfix {version.stdout.strip()}")
    with tempfile.TemporaryDirectory() as place, postfix([TPM]) as server:
        return _run(Path(place), server)


def _run(place: Path, server: Postfix) -> int:
    config = CONFIG.format(to=TPM, port=server.starttls, user=USER, bundle=server.bundle)
    (place / "driftline.toml").write_text(config, encoding="utf-8")
    _type(place, "demo", "--out", "demo", "--quiet")
    _type(place, "report", "--email", "--dry-run", "--quiet")
    _type(place, "report", "--email")
    _type(place, "report", "--email")
    (draft,) = (place / "reports").glob("*.eml")
    got = server.mails(TPM)
    print(f"{len(got)} mail in the box, {len(got[0]):,} bytes")
    arrived, written = _parsed(got[0]), _parsed(draft.read_bytes())
    for name in ("Subject", "Message-ID", "List-Id", "Return-Path"):
        print(f"  {name}: {arrived[name]}")
    received = re.sub(r"\s+", " ", str(arrived.get_all("Received", [])[-1]))
    print(f"  Received: {received}")
    pairs = list(zip(_parts(arrived), _parts(written), strict=True))
    for (kind, body), (_, before) in pairs:
        words = "equal to the dry run's" if body == before else "OTHER than the dry run's"
        print(f"  {kind:<24} {len(body):>9,} bytes, {words}")
    equal = all(one == other for one, other in pairs)
    for line in server.log.splitlines():
        if "sasl_method" in line or "status=" in line:
            print(f"  log: {line.split(': ', 2)[-1]}")
    return 0 if equal and len(got) == 1 else 1


def _type(place: Path, *words: str) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("driftline")), *words],
        cwd=place,
        env={**os.environ, "SMTP_PASSWORD": PASSWORD},
        check=False,
        capture_output=True,
        text=True,
    )
    print(f"$ driftline {' '.join(words)}   -> {done.returncode}")
    for line in (done.stdout + done.stderr).splitlines():
        print(f"  {line.strip()}")


def _parsed(raw: bytes) -> EmailMessage:
    parsed = message_from_bytes(raw, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def _parts(message: EmailMessage) -> list[tuple[str, bytes]]:
    """Type and content of each part that is no container, as they were before they travelled."""
    found = []
    for part in message.walk():
        if not part.is_multipart():
            body = part.get_payload(decode=True)
            assert isinstance(body, bytes)
            found.append((part.get_content_type(), body.replace(b"\r\n", b"\n")))
    return found


if __name__ == "__main__":
    sys.exit(main())
