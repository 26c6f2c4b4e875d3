"""Postfix of this machine with a configuration of its own: loopback, STARTTLS, logins, maildirs.

It needs root, because Postfix gives its parts different users. Nothing of the system's own Postfix
is read or changed.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

USER, PASSWORD = "tpm", "pass word ü"

_MAIN = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = /dev/stdout
myhostname = localhost
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
message_size_limit = {size_limit}
virtual_mailbox_domains = example.com, example.net
virtual_mailbox_base = {home}/mail
virtual_mailbox_maps = inline:{{ {boxes} }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_tls_cert_file = {home}/server.pem
smtpd_tls_key_file = {home}/server.pem
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_received_header = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = {home}/sasl
smtpd_sasl_security_options = noanonymous
smtpd_sasl_local_domain = localhost
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_client_restrictions = permit_sasl_authenticated, reject
smtpd_delay_reject = yes
"""

_MASTER = """\
127.0.0.1:{starttls} inet n - n - - smtpd
127.0.0.1:{tls} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
anvil unix - - n - 1 anvil
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
"""

_SASL = """\
pwcheck_method: auxprop
auxprop_plugin: sasldb
mech_list: PLAIN LOGIN
sasldb_path: {home}/sasldb2
"""


def missing() -> str:
    """Why it cannot run here; empty if it can."""
    if os.name != "posix" or os.geteuid() != 0:
        return "Postfix gives its parts different users, which takes root"
    for command in ("postfix", "saslpasswd2"):
        if not shutil.which(command):
            return f"no {command}: apt-get install postfix sasl2-bin libsasl2-modules"
    return ""


@dataclass(frozen=True)
class Postfix:
    """A Postfix that runs."""

    starttls: int
    tls: int
    #: PEM file a client trusts.
    bundle: Path
    home: Path

    def mails(self, box: str, wait: float = 15.0) -> list[bytes]:
        """What lies in a mailbox; waits until something does."""
        until = time.monotonic() + wait
        while time.monotonic() < until:
            found = sorted((self.home / "mail" / box / "new").glob("*"))
            if found:
                return [one.read_bytes() for one in found]
            time.sleep(0.05)
        return []

    @property
    def log(self) -> str:
        """What it wrote so far."""
        return (self.home / "log").read_text(encoding="utf-8", errors="replace")


@contextmanager
def postfix(boxes: Sequence[str], *, size_limit: int = 10_240_000) -> Iterator[Postfix]:
    """Run it with a maildir for each address in `boxes`; stopped and gone at the end."""
    # Its users pass through the directory, so pytest's own, which are private, will not do.
    home = Path(tempfile.mkdtemp(prefix="driftline-postfix-"))
    home.chmod(0o755)
    nobody = pwd.getpwnam("nobody")
    owner = pwd.getpwnam("postfix")
    ports = _free_ports(2)
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(str(home / "server.pem"))
    (home / "server.pem").chmod(0o600)
    bundle = home / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    told = {
        "home": home,
        "size_limit": size_limit,
        "boxes": ", ".join(f"{{ {one} = {one}/ }}" for one in boxes),
        "uid": nobody.pw_uid,
        "gid": nobody.pw_gid,
        "starttls": ports[0],
        "tls": ports[1],
    }
    for name in ("queue", "data", "mail", "sasl"):
        (home / name).mkdir()
    os.chown(home / "data", owner.pw_uid, owner.pw_gid)
    os.chown(home / "mail", nobody.pw_uid, nobody.pw_gid)
    (home / "main.cf").write_text(_MAIN.format(**told), encoding="utf-8")
    (home / "master.cf").write_text(_MASTER.format(**told), encoding="utf-8")
    (home / "sasl" / "smtpd.conf").write_text(_SASL.format(**told), encoding="utf-8")
    subprocess.run(
        ["saslpasswd2", "-p", "-c", "-f", str(home / "sasldb2"), "-u", "localhost", USER],
        input=PASSWORD.encode(),
        check=True,
        capture_output=True,
    )
    os.chown(home / "sasldb2", owner.pw_uid, owner.pw_gid)
    with (home / "log").open("wb") as log:
        running = subprocess.Popen(
            ["postfix", "-c", str(home), "start-fg"], stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _listening(ports, running, home)
            yield Postfix(ports[0], ports[1], bundle, home)
        finally:
            subprocess.run(["postfix", "-c", str(home), "stop"], check=False, capture_output=True)
            running.terminate()
            running.wait(15)
            shutil.rmtree(home, ignore_errors=True)


def _free_ports(number: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def _listening(ports: Sequence[int], running: "subprocess.Popen[bytes]", home: Path) -> None:
    until = time.monotonic() + 20
    for port in ports:
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
            except OSError:
                if running.poll() is not None or time.monotonic() > until:
                    raise RuntimeError((home / "log").read_text(encoding="utf-8")) from None
                time.sleep(0.1)
