"""Day one of an operator, on a machine that has nothing, told as a transcript.

A fresh Debian is made with debootstrap and booted with systemd-nspawn. It has no network but one
cable, at whose other end stand a proxy and a mail server; behind the proxy, on this machine's
loopback, the simulated Jira, GitHub and GitLab speak TLS with a certificate of the company's own
authority. In it the wheel of this checkout is installed, set up, checked, run and scheduled. The
first thing that is not as it should be ends the program with 1.

    sudo .venv/bin/python deploy/try_fresh_root.py --transcript docs/transcripts/fresh-root.txt

Needs root and Debian with debootstrap, systemd-container, tinyproxy-bin and iproute2. Packages come
from the mirror that this machine's apt has, and from the index that its pip has.
"""

import argparse
import os
import pty
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import trustme

ROOT = Path(__file__).resolve().parents[1]
#: Both ends of the cable: this machine's, with the proxy and the mail server, and the fresh one's.
HERE, THERE = "10.203.77.1", "10.203.77.2"
PROXY_PORT, MAIL_PORT, SERVERS_PORT = 3128, 587, 8443
#: Names that the proxy alone can resolve, and those that the fresh machine knows.
SERVERS = ("jira.acme.example", "github.acme.example", "gitlab.acme.example")
NEAR = ("proxy.acme.example", "mail.acme.example")
PROXY = f"http://{NEAR[0]}:{PROXY_PORT}"
#: All of it, the making of the fresh machine included, seconds.
LIMIT = 600.0
#: What a machine with systemd and pipx has; the rest comes with the wheel.
PACKAGES = "systemd,systemd-sysv,dbus,ca-certificates,pipx"
TOOLS = ("debootstrap", "systemd-nspawn", "tinyproxy", "ip", "nsenter", "unshare")
CONFIG = "/etc/driftline/driftline.toml"


class Wrong(Exception):
    """Something is not as it should be."""


@dataclass
class Script:
    """What is told while it happens, with names of this machine taken out."""

    #: text of this machine -> what stands in its place.
    hidden: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self.began

    def say(self, text: str = "") -> None:
        """One line or several."""
        for secret, shown in sorted(self.hidden.items(), key=lambda one: -len(one[0])):
            text = text.replace(secret, shown)
        for line in text.splitlines() or [""]:
            self.lines.append(line.rstrip())
            print(line.rstrip(), flush=True)

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """A heading with the time so far, and at its end how long it took."""
        self.say(f"\n== {what}")
        at = self.seconds
        yield
        self.say(f"-- {self.seconds - at:.1f} s, {self.seconds:.0f} s so far")


@dataclass(frozen=True)
class Done:
    """What a command said."""

    code: int
    text: str


@dataclass
class Machine:
    """The fresh machine, running."""

    leader: int
    script: Script

    def type(
        self,
        user: str,
        command: str,
        *,
        env: dict[str, str] | None = None,
        quiet: dict[str, str] | None = None,
        answers: Sequence[tuple[str, str]] = (),
        code: int = 0,
        shown: Callable[[str], str] = lambda text: text,
        terminal: bool = False,
    ) -> Done:
        """Type a command as `user`, answering its questions; it must end with `code`.

        `env` is what the operator exported and is shown; `quiet` belongs to this machine (its
        package index) and is not. `answers`: (words of the question, answer), in order. `shown`
        shortens what is told of the output; `terminal`: on one, as with answers.
        """
        home = "/root" if user == "root" else str(Path("/home", user))
        given = {
            "HOME": home,
            "USER": user,
            "PATH": f"{home}/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            "TERM": "dumb",
            "COLUMNS": "100",
            **(env or {}),
            **(quiet or {}),
        }
        words = [
            *("nsenter", "-t", str(self.leader), "-a", f"--wd=/proc/{self.leader}/root{home}"),
            *("runuser", "-u", user, "--", "env", "-i"),
            *(f"{name}={value}" for name, value in given.items()),
            *("sh", "-c", command),
        ]
        told = "".join(f"{name}={_masked(name, value)} " for name, value in (env or {}).items())
        self.script.say(f"{user}{'#' if user == 'root' else '$'} {told}{command}")
        done = _typed(words, answers) if answers or terminal else _ran(words)
        text = shown(done.text)
        if text.strip():
            self.script.say(re.sub(r"^", "    ", text.rstrip(), flags=re.M))
        if done.code:
            self.script.say(f"    (exit code {done.code})")
        if done.code != code:
            raise Wrong(f"{command!r} ended with {done.code}, not with {code}")
        return done


def main() -> int:
    """Run it all; the exit code of the program."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--transcript", type=Path, help="File for what was told.")
    parser.add_argument(
        "--base", type=Path, help="Keep the fresh Debian in this .tar, or take it from there."
    )
    options = parser.parse_args()
    missing = [one for one in TOOLS if shutil.which(one) is None]
    if os.geteuid() != 0 or missing:
        print(f"needs root and Debian with: {', '.join(missing or TOOLS)}", file=sys.stderr)
        return 2
    script = Script()
    try:
        with ExitStack() as stack:
            _all(script, stack, options.base)
            told = script.seconds
            if told > LIMIT:
                raise Wrong(f"it took {told:.0f} s, and {LIMIT:.0f} are the limit")
            script.say(f"\nAll as it should be, in {told:.0f} s.")
            # Before all is taken down, which takes a while.
            if options.transcript:
                options.transcript.parent.mkdir(parents=True, exist_ok=True)
                text = "\n".join(script.lines).lstrip() + "\n"
                options.transcript.write_text(text, encoding="utf-8")
    except Wrong as error:
        script.say(f"\nWRONG: {error}")
        return 1
    return 0


def _all(script: Script, stack: ExitStack, base: Path | None) -> None:
    work = Path(tempfile.mkdtemp(prefix="driftline-try-"))
    tree = work / "root"
    stack.callback(_remove, work)
    script.hidden[str(work)] = "/somewhere"
    script.hidden[str(Path("/home", "ada"))] = "~"
    with script.step("A fresh Debian, with systemd and pipx"):
        _debian(script, tree, base)
    with script.step("The wheel of this checkout, and nothing else of it, is brought there"):
        wheel = _wheel(work)
        (tree / "srv").mkdir(exist_ok=True)
        shutil.copy(wheel, tree / "srv" / wheel.name)
        script.say(f"/srv/{wheel.name}, {wheel.stat().st_size // 1024} KiB")
    with script.step("The company: its authority, three servers, a proxy, a mail server"):
        site = stack.enter_context(_company(script, work, tree))
    with script.step("The machine is started"):
        machine = stack.enter_context(_booted(script, tree, site.namespace))
    began = script.seconds
    try:
        _operator(script, machine, site, wheel.name)
    except Wrong:
        script.say(
            _ran(
                [
                    "nsenter",
                    "-t",
                    str(machine.leader),
                    "-a",
                    "journalctl",
                    "-n",
                    "30",
                    "-o",
                    "cat",
                    "--no-pager",
                ]
            ).text
        )
        raise
    script.say(f"\nFrom the first command to the last: {script.seconds - began:.0f} s.")


# --- the operator ---------------------------------------------------------------------------------


def _operator(script: Script, machine: Machine, site: "Site", wheel: str) -> None:
    """What a person does who has never seen the source."""
    proxy = {"HTTPS_PROXY": PROXY}
    tokens = dict.fromkeys(("JIRA_TOKEN", "GITHUB_TOKEN", "GITLAB_TOKEN"), site.token)
    index = _index(machine, script)
    with script.step("A user installs it"):
        machine.type("root", "useradd --create-home --shell /bin/bash ada")
        machine.type("ada", f"pipx install /srv/{wheel}", env=proxy, quiet=index)
        machine.type("ada", "driftline --version")
    with script.step("Without the proxy nothing is reached, and it says so"):
        told = machine.type(
            "ada", _options(site), env={"JIRA_TOKEN": site.token}, code=4, shown=_last
        )
        _one_sentence(told, "no answer: the name jira.acme.example is not known here")
        machine.type("ada", "rm driftline.toml")
    with script.step("Through the proxy, before the company's authority is installed"):
        told = machine.type(
            "ada", _options(site), env={**proxy, "JIRA_TOKEN": site.token}, code=4, shown=_last
        )
        _one_sentence(
            told, "the certificate is not trusted: unable to get local issuer certificate"
        )
    with script.step("The administrator installs the authority"):
        shutil.copy(site.authority, site.tree / "usr/local/share/ca-certificates/acme.crt")
        machine.type("root", "update-ca-certificates", shown=_last)
    with script.step("init asks, reads once, and proposes what to judge"):
        machine.type("ada", "driftline init", env={**proxy, **tokens}, answers=_answers(site))
        machine.type("ada", "cat driftline.toml")
    with script.step("check, and two runs"):
        machine.type("ada", "driftline check", env=tokens, shown=_shortened)
        machine.type("ada", "driftline run", env=tokens, terminal=True, shown=_report)
        again = machine.type("ada", "driftline run", env=tokens, terminal=True, shown=_report)
        if " 0 rows written" not in again.text:
            raise Wrong("the second run wrote rows")
        machine.type("ada", "ls -l --time-style=+ reports driftline.db")
        script.say(f"    mails that arrived: {_mails(site)}")
    with script.step("On a schedule: installed for all, as a service with a user of its own"):
        machine.type(
            "root",
            f"PIPX_HOME=/opt/pipx PIPX_BIN_DIR=/usr/local/bin pipx install /srv/{wheel}",
            env=proxy,
            quiet=index,
        )
        machine.type("root", "install -d -m 700 /etc/driftline/tokens")
        for kind in ("jira", "github", "gitlab"):
            path = f"/etc/driftline/tokens/connections__{kind}__token"
            machine.type(
                "root",
                f'printf "%s\\n" "$TOKEN" | install -m 600 /dev/stdin {path}',
                env={"TOKEN": site.token},
            )
        machine.type(
            "root",
            _options(site, everything=True),
            env=proxy,
            shown=_shortened,
        )
        machine.type("root", f"chmod 644 {CONFIG}")
        machine.type("root", f"driftline --config {CONFIG} check", shown=_shortened)
    with script.step("The units"):
        machine.type(
            "root",
            "install -m 644 /opt/pipx/venvs/driftline/share/driftline/systemd/driftline.* "
            "/etc/systemd/system/",
        )
        units = "/etc/systemd/system/driftline.service /etc/systemd/system/driftline.timer"
        told = machine.type("root", f"systemd-analyze verify {units}")
        if told.text.strip():
            raise Wrong("systemd-analyze has something to say")
        machine.type("root", "systemd-analyze security driftline.service | tail -1")
        machine.type("root", "systemctl daemon-reload")
        machine.type("root", "systemctl enable --now driftline.timer")
        machine.type("root", "systemctl list-timers driftline.timer --no-pager", shown=_timer)
    with script.step("The service runs: the first time, and again"):
        for _ in range(2):
            machine.type("root", "systemctl start driftline.service")
            machine.type(
                "root",
                "systemctl show driftline.service -p Result -p ExecMainStatus -p NRestarts",
            )
        machine.type("root", "journalctl -u driftline.service -o cat --no-pager")
        status = machine.type("root", f"driftline --config {CONFIG} status")
        if "Complete for what these tokens can see" not in status.text:
            raise Wrong("the store of the service is not complete")
        machine.type(
            "root",
            "ls -l --time-style=+ /var/lib/driftline/ /var/lib/driftline/reports",
        )
        machine.type("root", "stat -c '%U %a %n' /var/lib/private/driftline")
    _through_the_proxy(script, site)


def _answers(site: "Site") -> list[tuple[str, str]]:
    """Questions of `driftline init`, by their beginning, and what the operator answers."""
    jira, github, gitlab = site.urls
    return [
        ("is there already", "y"),
        ("Name of the programme", "Apollo"),
        ("Time zone", "Europe/Berlin"),
        ("Address of your Jira", jira),
        ("E-mail of the account", ""),
        ("Environment variable with the token", ""),
        ("Project keys", ",".join(site.projects)),
        ("GitHub: repositories", ",".join(site.repositories["github"])),
        ("Address of its API", github),
        ("Environment variable with GitHub", ""),
        ("GitLab: projects", ",".join(site.repositories["gitlab"])),
        ("Address of your GitLab", gitlab),
        ("Environment variable with GitLab", ""),
        ("Sender address", "driftline@acme.example"),
        ("Your own address", "ada@acme.example"),
        ("Mail server", f"{NEAR[1]}:{MAIL_PORT}"),
        ("Login there", ""),
        ("Read now", "y"),
        ("Which ones shall be judged", "all"),
    ]


def _options(site: "Site", *, everything: bool = False) -> str:
    """`driftline init` with its answers as options: of Jira alone, or all for the service."""
    jira, github, gitlab = site.urls
    words = ["driftline"]
    words += ["--config", CONFIG] if everything else []
    words += ["init", "--name", "Apollo", "--time-zone", "Europe/Berlin"]
    words += ["--url", jira, "--email", "''"]
    words += [f"--project {key}" for key in site.projects]
    if not everything:
        return " ".join([*words, "--token-env", "JIRA_TOKEN", "--sender", "''", "--no-sync"])
    words += ["--token-file", "tokens/connections__jira__token"]
    for kind, url in (("github", github), ("gitlab", gitlab)):
        words += [f"--{kind} {path}" for path in site.repositories[kind]]
        words += [f"--{kind}-url", url]
        words += [f"--{kind}-token-file", f"tokens/connections__{kind}__token"]
    words += ["--sender", "driftline@acme.example", "--to", "ada@acme.example"]
    words += ["--mail-host", f"{NEAR[1]}:{MAIL_PORT}", "--data", "/var/lib/driftline"]
    return " ".join([*words, *(f'--judge "{one}"' for one in site.judged), "--no-sync"])


def _one_sentence(done: Done, wanted: str) -> None:
    trouble = [line for line in done.text.splitlines() if wanted in line]
    if len(trouble) != 1 or "Traceback" in done.text:
        raise Wrong(f"it did not say {wanted!r} in one line")


def _through_the_proxy(script: Script, site: "Site") -> None:
    """What the proxy was asked for."""
    with script.step("What passed the proxy"):
        log = site.proxy_log.read_text(encoding="utf-8", errors="replace")
        for name in SERVERS:
            count = len(re.findall(rf"CONNECT {re.escape(name)}:{SERVERS_PORT}", log))
            script.say(f"{name}: {count} connections")
            if not count:
                raise Wrong(f"nothing went through the proxy to {name}")


# --- what is told of a command's output -----------------------------------------------------------


def _last(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-4:])


def _shortened(text: str, most: int = 40) -> str:
    lines = text.rstrip().splitlines()
    return "\n".join(
        lines[:most] + ([f"… {len(lines) - most} more lines"] if len(lines) > most else [])
    )


def _report(text: str) -> str:
    """Of a run its first lines: where the page is stands behind the report."""
    return _shortened(text.strip(), 24)


def _timer(text: str) -> str:
    return "\n".join(text.splitlines()[:2])


def _masked(name: str, value: str) -> str:
    return "***" if "TOKEN" in name or "PASSWORD" in name else value


def _mails(site: "Site") -> int:
    return site.mail_log.read_text(encoding="utf-8", errors="replace").count("MESSAGE FOLLOWS")


# --- the fresh machine ----------------------------------------------------------------------------


def _debian(script: Script, tree: Path, base: Path | None) -> None:
    """The release of this machine, from its mirror."""
    tree.mkdir(parents=True)
    if base is not None and base.is_file():
        _must(["tar", "-C", tree, "-xf", base])
        script.say("taken from an earlier debootstrap")
    else:
        release = dict(
            line.split("=", 1)
            for line in Path("/etc/os-release").read_text().splitlines()
            if "=" in line
        )["VERSION_CODENAME"].strip('"')
        script.say(f"debootstrap --variant=minbase --include={PACKAGES} {release}")
        _must(
            [
                "debootstrap",
                "--variant=minbase",
                f"--include={PACKAGES}",
                release,
                tree,
                _mirror(release),
            ]
        )
        if base is not None:
            _must(["tar", "-C", tree, "--one-file-system", "-cf", base, "."])
    (tree / "etc/resolv.conf").write_text("")
    (tree / "etc/hostname").write_text("fresh\n")
    (tree / "etc/hosts").write_text(f"127.0.0.1 localhost fresh\n{HERE} {' '.join(NEAR)}\n")
    for one in ("apt-daily", "apt-daily-upgrade", "systemd-timesyncd"):
        with suppress(FileNotFoundError):
            (tree / f"etc/systemd/system/timers.target.wants/{one}.timer").unlink()


def _mirror(release: str) -> str:
    """Where this machine's apt has `release` from."""
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(CREATED_BY) $(CODENAME) $(REPO_URI)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for line in told.splitlines():
        kind, code, address = line.split(" ", 2)
        if kind == "Packages" and code == release:
            return address
    raise Wrong("apt of this machine has no mirror of its own release")


def _wheel(work: Path) -> Path:
    """The wheel, built from a copy of what git would take."""
    source = work / "source"
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    _must([sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", work, source])
    return next(work.glob("*.whl"))


@contextmanager
def _booted(script: Script, tree: Path, namespace: str) -> Iterator[Machine]:
    """The machine with its own systemd, stopped at the end."""
    with (tree.parent / "console").open("wb") as console:
        nspawn = subprocess.Popen(
            [
                *("systemd-nspawn", "--quiet", "--directory", tree, "--boot"),
                *("--register=no", "--keep-unit", "--console=read-only", "--resolv-conf=off"),
                f"--network-namespace-path=/run/netns/{namespace}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
        )
    leader = _leader(nspawn)
    enter = ["nsenter", "-t", str(leader), "-a"]
    try:
        for _ in range(120):
            state = subprocess.run(
                [*enter, "systemctl", "is-system-running"],
                capture_output=True,
                text=True,
                check=False,
            ).stdout.strip()
            if state in ("running", "degraded"):
                break
            time.sleep(0.5)
        script.say(f"systemd is {state}")
        if state != "running":
            raise Wrong("the machine does not start")
        yield Machine(leader, script)
    finally:
        subprocess.run([*enter, "systemctl", "poweroff"], check=False)
        try:
            nspawn.wait(30)
        except subprocess.TimeoutExpired:
            nspawn.terminate()
            nspawn.wait(10)


def _leader(nspawn: "subprocess.Popen[bytes]") -> int:
    for _ in range(100):
        children = Path(f"/proc/{nspawn.pid}/task/{nspawn.pid}/children").read_text().split()
        if children:
            return int(children[0])
        if nspawn.poll() is not None:
            raise Wrong("systemd-nspawn ended")
        time.sleep(0.1)
    raise Wrong("systemd-nspawn starts nothing")


# --- the company ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Site:
    """What stands outside the machine."""

    namespace: str
    tree: Path
    authority: Path
    proxy_log: Path
    mail_log: Path
    token: str
    projects: tuple[str, ...]
    #: github and gitlab -> paths.
    repositories: dict[str, list[str]]
    judged: tuple[str, ...]

    @property
    def urls(self) -> tuple[str, str, str]:
        """Addresses of Jira, GitHub and GitLab."""
        jira, github, gitlab = (f"https://{name}:{SERVERS_PORT}" for name in SERVERS)
        return f"{jira}/jira-dc", f"{github}/github-enterprise/api/v3", f"{gitlab}/gitlab"


@contextmanager
def _company(script: Script, work: Path, tree: Path) -> Iterator[Site]:
    authority = trustme.CA(organization_name="Acme")
    issued = authority.issue_cert(*SERVERS, *NEAR)
    pem, bundle = work / "servers.pem", work / "authority.pem"
    issued.private_key_and_cert_chain_pem.write_to_path(str(pem))
    authority.cert_pem.write_to_path(str(bundle))
    with ExitStack() as stack:
        namespace = stack.enter_context(_cable())
        log = work / "servers.log"
        stack.enter_context(
            _running(
                [
                    *(sys.executable, "-m", "connectors.simulator.server", "--port", SERVERS_PORT),
                    *("--certificate", pem),
                ],
                log,
            )
        )
        told = _wait_for(log, r"^login \S+ (\S+)$")
        names = work / "hosts"
        names.write_text(f"127.0.0.1 localhost {' '.join(SERVERS)}\n")
        conf = work / "tinyproxy.conf"
        conf.write_text(
            f"User nobody\nGroup nogroup\nListen {HERE}\nPort {PROXY_PORT}\nTimeout 600\n"
            f"Allow {THERE}\nConnectPort 443\nConnectPort {SERVERS_PORT}\nLogLevel Connect\n"
        )
        proxy_log, mail_log = work / "proxy.log", work / "mail.log"
        # The names of the servers are in the proxy's own copy of /etc/hosts.
        inside = 'mount --bind "$0" /etc/hosts && exec tinyproxy -d -c "$1"'
        stack.enter_context(_running(["unshare", "-m", "sh", "-c", inside, names, conf], proxy_log))
        stack.enter_context(
            _running(
                [
                    *(sys.executable, "-u", "-m", "aiosmtpd", "-n", "-l", f"{HERE}:{MAIL_PORT}"),
                    *("--tlscert", pem, "--tlskey", pem),
                ],
                mail_log,
            )
        )
        for port in (PROXY_PORT, MAIL_PORT):
            _answers_at(port)
        text = log.read_text()
        script.hidden[told] = "***"
        repositories: dict[str, list[str]] = {"github": [], "gitlab": []}
        for host, path in re.findall(r"^(\w+) repository (\S+)$", text, re.M):
            repositories[host].append(path)
        script.say(f"servers: {', '.join(SERVERS)}, known to the proxy alone")
        script.say(f"proxy: {PROXY}; mail: {NEAR[1]}:{MAIL_PORT}, STARTTLS")
        yield Site(
            namespace,
            tree,
            bundle,
            proxy_log,
            mail_log,
            told,
            ("APO",),
            repositories,
            ("APO:Release 3.2",),
        )


@contextmanager
def _cable() -> Iterator[str]:
    """A network namespace with one cable to this machine and no way beyond."""
    name, near, far = f"driftline-{os.getpid()}", f"dl{os.getpid()}a", f"dl{os.getpid()}b"
    _must(["ip", "netns", "add", name])
    try:
        _must(["ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", name])
        _must(["ip", "address", "add", f"{HERE}/30", "dev", near])
        _must(["ip", "link", "set", near, "up"])
        for words in (
            ["ip", "link", "set", "lo", "up"],
            ["ip", "address", "add", f"{THERE}/30", "dev", far],
            ["ip", "link", "set", far, "up"],
        ):
            _must(["ip", "netns", "exec", name, *words])
        yield name
    finally:
        _must(["ip", "netns", "delete", name])


def _index(machine: Machine, script: Script) -> dict[str, str]:
    """What pip of this machine knows of its index, for the fresh one; nothing of it is told."""
    given: dict[str, str] = {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    configured = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    for key, value in re.findall(r"^[\w:.]*?\.([\w-]+)='(.*)'$", configured, re.M):
        if key == "index-url" and value.startswith("http"):
            given["PIP_INDEX_URL"] = value
            script.hidden[value] = "(the index)"
        if key == "cert" and Path(value).is_file():
            shutil.copy(value, Path("/proc", str(machine.leader), "root", "srv", "index.pem"))
            given["PIP_CERT"] = "/srv/index.pem"
    return given


# --- processes ------------------------------------------------------------------------------------


def _must(words: Sequence[object]) -> None:
    done = subprocess.run(
        [str(one) for one in words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    if done.returncode:
        raise Wrong(
            f"{words[0]} ended with {done.returncode}: {(done.stderr or done.stdout)[-600:]}"
        )


@contextmanager
def _running(words: Sequence[object], log: Path) -> Iterator[None]:
    """A process of ours, stopped by its id at the end."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(one) for one in words],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
        )
    try:
        yield
        if process.poll() is not None:
            raise Wrong(f"{words[0]} ended: {log.read_text()[-600:]}")
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(log: Path, pattern: str) -> str:
    """The first group of what a log must say within half a minute, or all of the match."""
    for _ in range(300):
        found = re.search(pattern, log.read_text(errors="replace"), re.M)
        if found:
            return found[found.re.groups and 1]
        time.sleep(0.1)
    raise Wrong(f"{log.name} never said {pattern!r}: {log.read_text(errors='replace')[-600:]}")


def _answers_at(port: int) -> None:
    for _ in range(300):
        with suppress(OSError), socket.create_connection((HERE, port), timeout=1):
            return
        time.sleep(0.1)
    raise Wrong(f"nobody answers at port {port}")


def _ran(words: Sequence[str]) -> Done:
    done = subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return Done(done.returncode, done.stdout.decode("utf-8", "replace"))


def _typed(
    words: Sequence[str], answers: Sequence[tuple[str, str]], patience: float = 120.0
) -> Done:
    """On a terminal of its own; each question must come, in order."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(words[0], list(words))
    text, since, left = "", 0, list(answers)
    try:
        while True:
            ready, _, _ = select.select([terminal], [], [], patience)
            if not ready:
                raise Wrong(f"nothing happens after: {text[-300:]!r}")
            try:
                chunk = os.read(terminal, 65536)
            except OSError:
                break
            if not chunk:
                break
            text += chunk.decode("utf-8", "replace")
            if left and left[0][0] in text[since:] and text[since:].rstrip(" ")[-1:] in ":?]":
                os.write(terminal, f"{left.pop(0)[1]}\n".encode())
                since = len(text)
    finally:
        os.close(terminal)
    _, status = os.waitpid(pid, 0)
    if left:
        raise Wrong(f"it never asked {left[0][0]!r}; it said: {text[-600:]!r}")
    return Done(os.waitstatus_to_exitcode(status), text.replace("\r\n", "\n").replace("\r", "\n"))


def _remove(work: Path) -> None:
    """Away with it, unless something is still mounted there."""
    if f" {work}/" in Path("/proc/mounts").read_text():
        print(f"something is still mounted below {work}: it stays", file=sys.stderr)
        return
    shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
