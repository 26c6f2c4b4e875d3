"""`driftline init`: a configuration by asking; no token is ever written into it."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from sync.cli import init_tables as tables
from sync.cli.app import App, pass_app, sentence
from sync.files import write
from sync.pasted import toml

if TYPE_CHECKING:
    from pydantic import BaseModel

_TEMPLATE = """\
# driftline's configuration; every option is explained in config.example.toml.
name = {name}
time_zone = {zone}
store = {store}

{connections}[milestones]
# Names, or "PROJECT:name". `driftline check` proposes some after the first sync.
judge = [{judge}]
{report}{mail}"""


#: Code hosts: kind, name, option that names what is read, what a person writes, which address.
_HOSTS = (
    (
        *("github", "GitHub", "repositories", "owner/name"),
        "Address of its API, https://HOST/api/v3 (empty: github.com)",
    ),
    (
        *("gitlab", "GitLab", "projects", "group/name"),
        "Address of your GitLab (empty: gitlab.com)",
    ),
)


class _Host(click.ParamType):  # type: ignore[type-arg]  # generic for the checker alone
    """The name of a mail server, with its port or without."""

    name = "host"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text as it was written; what is no such name fails."""
        try:
            parts = urlsplit(f"//{value}")
            good = not value or (bool(parts.hostname) and parts.netloc == value and parts.port != 0)
        except ValueError:
            good = False
        if not good or set(value) & set("@ \t"):
            self.fail(f"{value!r} is no mail server: write HOST or HOST:PORT", param, ctx)
        return value


@click.command(epilog="Example: driftline init --url https://example.atlassian.net --project APO")
@click.option("--name", help="Name of the programme, shown in subjects.")
@click.option("--time-zone", "zone", help="Zone of calendar dates, such as Europe/Berlin.")
@click.option("--url", help="Address of your Jira; empty for none.")
@click.option("--email", help="Jira Cloud: e-mail address of the account; empty for Data Center.")
@click.option("--token-env", help="Environment variable that holds the token.")
@click.option("--token-file", help="File that holds the token, instead of a variable.")
@click.option("--project", "projects", multiple=True, help="Project key; may be repeated.")
@click.option("--github", multiple=True, help="Repository of GitHub, owner/name; may be repeated.")
@click.option("--github-url", help="Address of the API of a GitHub Enterprise.")
@click.option(
    "--github-token-env",
    default="GITHUB_TOKEN",
    show_default=True,
    help="Environment variable with GitHub's token.",
)
@click.option("--github-token-file", help="File with GitHub's token, instead of a variable.")
@click.option("--gitlab", multiple=True, help="Project of GitLab, group/name; may be repeated.")
@click.option("--gitlab-url", help="Address of a GitLab of your own.")
@click.option(
    "--gitlab-token-env",
    default="GITLAB_TOKEN",
    show_default=True,
    help="Environment variable with GitLab's token.",
)
@click.option("--gitlab-token-file", help="File with GitLab's token, instead of a variable.")
@click.option(
    "--sync/--no-sync", "read_now", default=None, help="Read once and propose milestones."
)
@click.option("--judge", multiple=True, help="Milestone to judge; may be repeated.")
@click.option("--sender", help="Address the mail comes from; empty for no mail.")
@click.option("--to", "recipient", help="Your own address: drafts go there first.")
@click.option(
    "--mail-host", type=_Host(), help="Mail server, HOST or HOST:PORT; empty for drafts in files."
)
@click.option("--mail-user", help="Login at the mail server; empty for none.")
@click.option(
    "--mail-password-env",
    default="MAIL_PASSWORD",
    show_default=True,
    help="Environment variable with the mail server's password.",
)
@click.option("--data", help="Directory of store and reports, if not that of the file.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@pass_app
@click.pass_context
def init(
    context: click.Context,
    app: App,
    name: str | None,
    zone: str | None,
    url: str | None,
    email: str | None,
    token_env: str | None,
    token_file: str | None,
    projects: tuple[str, ...],
    github: tuple[str, ...],
    github_url: str | None,
    github_token_env: str,
    github_token_file: str | None,
    gitlab: tuple[str, ...],
    gitlab_url: str | None,
    gitlab_token_env: str,
    gitlab_token_file: str | None,
    read_now: bool | None,
    judge: tuple[str, ...],
    sender: str | None,
    recipient: str | None,
    mail_host: str | None,
    mail_user: str | None,
    mail_password_env: str,
    data: str | None,
    force: bool,
) -> None:
    """Ask for what is needed, write driftline.toml, and check that it works.

    A token is never asked for and never written: only where it will be found. The proxy of
    HTTPS_PROXY is written, since a schedule has another environment.
    """
    from connectors.jira.options import JiraOptions
    from sync.config.models import Root
    from sync.errors import UsageError

    path = Path(app.config_path or os.environ.get("DRIFTLINE_CONFIG") or "driftline.toml")
    _keep_old(path, force=force)
    name = name or click.prompt("Name of the programme", default="Apollo")
    zone = _valid(Root, "time_zone", zone, "--time-zone", "Time zone of your dates", "UTC")
    # Who names one system by an option is not asked about the others.
    told = url is not None or bool(github or gitlab)
    blocks: list[str] = []
    servers: list[tuple[str, str | None]] = []
    if url is None and not told:
        url = _valid(JiraOptions, "url", url, "--url", "Address of your Jira (empty: none)", "")
    elif url:
        url = _valid(JiraOptions, "url", url, "--url", "", None)
    if url:
        if email is None:
            email = click.prompt("E-mail of the account (Cloud; empty for Data Center)", default="")
        if not token_env and not token_file:
            token_env = click.prompt("Environment variable with the token", default="JIRA_TOKEN")
        projects = projects or _listed("Project keys, separated by commas")
        blocks.append(
            tables.connection(
                *("jira", url, "projects", projects),
                email=email,
                token_env=token_env,
                token_file=token_file,
            )
        )
        servers.append(("jira", url))
    for (kind, title, key, form, where), given, address, variable, file in zip(
        _HOSTS,
        (github, gitlab),
        (github_url, gitlab_url),
        (github_token_env, gitlab_token_env),
        (github_token_file, gitlab_token_file),
        strict=True,
    ):
        if not told:
            asked = f"{title}: {key} to read, as {form}, separated by commas (empty: none)"
            given = _listed(asked, default="")
            if given:
                address = address or click.prompt(where, default="", show_default=False)
                if not file:
                    variable = click.prompt(f"Environment variable with {title}'s token", variable)
        if given:
            blocks.append(
                tables.connection(kind, address, key, given, token_env=variable, token_file=file)
            )
            servers.append((kind, address))
    if not blocks:
        raise UsageError(
            "no system to read was named", todo="Give --url, --github or --gitlab, or answer one."
        )
    mail_asked = sender is None
    if sender is None:
        sender = click.prompt("Sender address of the mail (empty for no mail)", default="")
    if sender and not recipient:
        recipient = click.prompt("Your own address", default=sender)
    if sender and mail_asked and mail_host is None:
        mail_host = click.prompt(
            "Mail server, as HOST or HOST:PORT (empty: drafts are written to files)",
            default="",
            type=_Host(),
        )
        if mail_host and mail_user is None:
            mail_user = click.prompt("Login there (empty: none)", default="")
        if mail_user:
            mail_password_env = click.prompt(
                "Environment variable with its password", default=mail_password_env
            )
    values: dict[str, Any] = {
        "name": toml(name),
        "zone": toml(zone),
        "connections": "".join(blocks),
        "judge": ", ".join(map(toml, judge)),
        "store": toml(str(Path(data or "") / "driftline.db")),
        "report": f"\n[report]\ndirectory = {toml(str(Path(data) / 'reports'))}\n" if data else "",
        "mail": tables.mail(*(sender, recipient or sender), mail_host, mail_user, mail_password_env)
        if sender
        else "",
    }
    if data:
        Path(data).mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(path, values)
    app.config_path = str(path)
    app.say(f"Written: {path}")
    _tell_of_proxies(app, servers)
    from sync.cli.check import look

    lines, codes, _ = look(app)
    for line in lines:
        if line.ok is False:
            app.trouble(sentence(f"{line.name}: {line.detail}", line.where, line.remedy))
    if codes:
        from sync.cli.app import worst

        app.say("When that is put right, in the file or elsewhere: `driftline check`.")
        context.exit(worst(codes))
    app.say("The connection works.")
    if not judge:
        _propose(app, path, values, read_now)
    app.say("Next: `driftline run`.")


def _tell_of_proxies(app: App, servers: list[tuple[str, str | None]]) -> None:
    """Which proxy of the environment a schedule will use, and which it has to be given."""
    found = dict.fromkeys(tables.proxy_of(*one) for one in servers)
    for proxy in filter(None, found):
        if tables.has_login(proxy):
            app.say(
                "The proxy of HTTPS_PROXY has a login, which must not stand in the file: give the "
                "schedule that variable, too."
            )
        else:
            app.say(f"Through the proxy of HTTPS_PROXY, also on a schedule: {proxy}")


def _listed(question: str, default: str | None = None) -> tuple[str, ...]:
    """What a person writes with commas between."""
    text: str = click.prompt(question, default=default, show_default=False)
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _keep_old(path: Path, *, force: bool) -> None:
    """A file that is there is overwritten only by somebody who said so."""
    from sync.errors import UsageError

    if not path.exists() or force:
        return
    if sys.stdin.isatty() and click.confirm(f"{path} is there already. Overwrite it?"):
        return
    raise UsageError(
        "the file is there already", where=str(path), todo="Use --force to overwrite it."
    )


def _valid(
    model: "type[BaseModel]",
    field: str,
    given: str | None,
    option: str,
    question: str,
    default: str | None,
) -> str:
    """The option's value, or the answer, as the configuration will take it; empty where it may."""
    from pydantic import ValidationError

    from sync.errors import UsageError

    while True:
        value = given or click.prompt(question, default=default, show_default=bool(default))
        if not value:
            return ""
        try:
            made = model.model_validate({field: value})
        except ValidationError as error:
            told = str(error.errors(include_input=False, include_url=False)[0]["msg"])
            told = told.removeprefix("Value error, ")
            if given:
                raise UsageError(told, where=option) from None
            click.echo(told, err=True)
            continue
        return str(getattr(made, field))


def _propose(app: App, path: Path, values: dict[str, Any], read_now: bool | None) -> None:
    """Read once if wanted, and let the person tick the milestones to judge."""
    if read_now is None:
        read_now = click.confirm("Read now, to propose which milestones to judge?", default=True)
    if not read_now:
        return
    from sync.cli.check import propose
    from sync.cli.sync_ import read, show

    show(app, read(app), as_json=False)
    settings = app.settings(with_secrets=False)
    store = app.store(settings)
    try:
        proposals = propose(app, settings, store)
    finally:
        store.close()
    if not proposals:
        app.say("No open milestone is due soon: add names to [milestones] judge later.")
        return
    for n, one in enumerate(proposals, 1):
        app.say(f"  {n}. {one['line']}: {one['why']}")
    text = click.prompt("Which ones shall be judged (numbers, all, or none)", default="all")
    chosen = _chosen(text, len(proposals))
    values["judge"] = ", ".join(toml(proposals[n]["line"]) for n in chosen)
    _write(path, values)
    app.say(f"{len(chosen)} milestones are judged.")


def _chosen(text: str, count: int) -> list[int]:
    """Indices for `all`, `none`, or numbers such as `1,3`."""
    from sync.errors import UsageError

    word = text.strip().lower()
    if word in ("all", "none"):
        return list(range(count)) if word == "all" else []
    numbers = [part.strip() for part in word.replace(" ", ",").split(",") if part.strip()]
    if not all(part.isdecimal() and 1 <= int(part) <= count for part in numbers):
        raise UsageError(f"{text!r} names no proposals", todo=f"Write numbers from 1 to {count}.")
    return [int(part) - 1 for part in numbers]


def _write(path: Path, values: dict[str, Any]) -> None:
    write(path, _TEMPLATE.format(**values).encode())
