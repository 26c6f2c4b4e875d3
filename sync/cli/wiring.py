"""From the configuration to what the floors below take: plans, policies, mail servers."""

from dataclasses import replace
from datetime import time, timedelta
from importlib.resources.abc import Traversable
from pathlib import Path

from mappings.load import load as load_mapping
from mappings.registry import UnknownMapping
from mappings.registry import get as get_mapping
from mappings.schema import MappingTable, TeamRule, with_version
from mappings.teams import before, flat
from sync.cli.main import VERSION
from sync.clock import Clock
from sync.config import secrets
from sync.config.models import ConnectionSettings, MailSettings, RecipientSettings
from sync.config.settings import Settings
from sync.config.unusable import Unusable
from sync.engine.plan import ConnectionPlan, Plan, with_boards_of
from sync.errors import ConfigError, UsageError
from sync.reconcile.contract import AnswerKind, Channel, PartRule, Policy, Suppression
from sync.report.recipients import Recipient
from sync.report.schedule import Schedule
from sync.report.smtp import Smtp
from sync.verdict import exempt
from sync.verdict.change_facts import Target
from sync.verdict.paths import PathKind, PathRule

_DAYS = {"mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 7}
_PORTS = {"starttls": 587, "tls": 465, "plain": 25}


def plan(
    settings: Settings, clock: Clock, only: str | None = None, max_wait: float | None = None
) -> Plan:
    """What a sync run is asked to do. Raises ConfigError, UsageError, MappingError.

    `max_wait`: seconds, in place of the configured ones.
    """
    root = settings.root
    if not root.connections:
        raise ConfigError(
            "no connection is configured",
            where=str(settings.path or ""),
            todo="Add a table [connections.NAME], or run `driftline init`.",
        )
    if only is not None and only not in root.connections:
        raise UsageError(
            f"there is no connection {only!r}",
            todo=f"Configured: {', '.join(root.connections)}.",
        )
    since = None
    if not root.sync.everything and root.sync.since_days is not None:
        since = clock.now() - timedelta(days=root.sync.since_days)
    box = root.sync.time_box_minutes
    return Plan(
        connections=tuple(
            connection(settings, name) for name in root.connections if only in (None, name)
        ),
        since=since,
        since_label="all" if since is None else f"{root.sync.since_days}d",
        time_box_seconds=None if box is None else box * 60,
        workers=root.sync.workers,
        overlap=timedelta(minutes=root.sync.overlap_minutes),
        max_wait_seconds=root.sync.max_wait_minutes * 60 if max_wait is None else max_wait,
        reserve=root.sync.reserve,
        program_version=VERSION,
    )


def connection(settings: Settings, name: str) -> ConnectionPlan:
    """One connection of a run."""
    one = settings.root.connections[name]
    options = settings.options[name]
    estimates = tuple(getattr(options, "estimate_fields", ()) or ())
    unusable = options.reason if isinstance(options, Unusable) else ""
    try:
        asked = before(mapping(settings, one, estimates), team_rules(settings, name))
        table = with_boards_of(with_version(asked), options)
    except UnknownMapping as error:
        table, unusable = MappingTable(), unusable or str(error)
    return ConnectionPlan(
        name=name,
        kind=one.kind,
        options=options,
        mapping=table,
        time_zone=one.time_zone or settings.root.time_zone,
        token_expires=one.token_expires,
        hints={"points": table.field_names},
        proxy=one.proxy,
        ca_bundle=None if one.ca_bundle is None else str(settings.base / one.ca_bundle),
        timeout_seconds=one.timeout_seconds,
        max_answer_bytes=int(one.max_answer_mb * 2**20),
        unusable=unusable,
    )


def layers(settings: Settings, one: ConnectionSettings) -> list[Path | Traversable]:
    """Mapping files of a connection, the built-in one first."""
    found: list[Path | Traversable] = [get_mapping(one.kind).defaults]
    if settings.root.mapping.organisation:
        found.append(settings.base / settings.root.mapping.organisation)
    files = [one.mapping] if isinstance(one.mapping, str) else one.mapping
    found.extend(settings.base / file for file in files)
    return found


def mapping(
    settings: Settings, one: ConnectionSettings, estimates: tuple[str, ...] = ()
) -> MappingTable:
    """The effective mapping of a connection; `estimates` are preferred over the mapping's own."""
    table = load_mapping(layers(settings, one))
    if not estimates:
        return table
    return with_version(
        replace(
            table,
            points=(*estimates, *table.points),
            projects={
                key: replace(inner, points=(*estimates, *inner.points))
                for key, inner in table.projects.items()
            },
        )
    )


def team_rules(settings: Settings, name: str) -> tuple[TeamRule, ...]:
    """Rules of teams in the configuration that are asked of a connection's items."""
    return tuple(
        TeamRule(
            team,
            rule.component,
            rule.label,
            rule.field,
            rule.project or rule.repository,
            rule.since,
            rule.until,
        )
        for team, rules in settings.root.teams.items()
        for rule in rules
        if rule.connection in (None, name)
    )


def policy(settings: Settings) -> Policy:
    """What the configuration says about judging.

    Raises ConfigError for a detector or threshold that does not exist.
    """
    root = settings.root
    _check_detectors(settings)
    tables = {
        name: mapping(settings, one)
        # Built-in files name no team.
        if root.mapping.organisation or one.mapping
        else MappingTable()
        for name, one in root.connections.items()
    }
    return Policy(
        program=root.name,
        time_zone=root.time_zone,
        work_days=frozenset(_DAYS[day] for day in root.calendar.work_days),
        holidays=root.calendar.days_off,
        team_calendars={
            team: (
                frozenset(_DAYS[day] for day in one.work_days or root.calendar.work_days),
                root.calendar.days_off_of(one),
            )
            for team, one in root.calendar.teams.items()
        },
        judge=tuple(root.milestones.judge),
        fixed_date=tuple(root.milestones.fixed_date),
        grace_days=root.milestones.grace_days,
        thresholds={id_: one.thresholds for id_, one in root.detectors.items()},
        channels={id_: Channel(one.channel) for id_, one in root.detectors.items() if one.channel},
        people={name: tuple(accounts) for name, accounts in root.people.items()},
        trackers={
            path: (named,) if isinstance(named, str) else tuple(named)
            for path, named in root.links.trackers.items()
        },
        programs={
            name: tuple(
                PartRule(one) if isinstance(one, str) else PartRule(one.part, one.since, one.until)
                for one in parts
            )
            for name, parts in root.programs.items()
        },
        mirrors=tuple(root.links.mirrors),
        teams={name: (*team_rules(settings, name), *flat(table)) for name, table in tables.items()},
        team_fields={name: table.team_fields for name, table in tables.items()},
        name_people=root.findings.name_people,
        suppressions=_suppressions(settings),
        testing=testing(settings),
        config_hash=settings.hash,
        program_version=VERSION,
    )


def _suppressions(settings: Settings) -> tuple[Suppression, ...]:
    """Entries of the suppressions file, if one is configured. Raises ConfigError."""
    name = settings.root.findings.suppressions
    if name is None:
        return ()
    from sync.config.suppressions import load

    return tuple(
        Suppression(
            kind=AnswerKind(one.kind.replace("-", "_")),
            reason=one.reason,
            author=one.author,
            expires=one.expires,
            fingerprint=one.fingerprint,
            detector=one.detector,
            milestone=one.milestone,
            subject=one.subject,
            ticket=one.ticket,
            where=where,
        )
        for one, where in load(settings.base / name)
    )


def testing(settings: Settings) -> exempt.Testing:
    """What the configuration says about judging tests; a rule of its own replaces the built-in."""
    told = settings.root.testing
    own = tuple(
        exempt.Rule(
            one.name,
            exempt.Kind(one.kind),
            one.owner,
            one.reason,
            one.expires,
            tuple(one.repositories),
            tuple(one.paths),
        )
        for one in told.exemptions
    )
    replaced = {one.kind for one in own if not one.repositories}
    built_in = tuple(
        one for one in exempt.BUILT_IN if one.kind.value in told.exempt and one.kind not in replaced
    )
    return exempt.Testing(
        (*own, *built_in),
        frozenset(told.update_bots),
        frozenset(told.release_bots),
        Target(told.diff_coverage, told.uncovered_lines),
        tuple(
            PathRule(one.pattern, PathKind(one.kind), one.repository)
            for one in settings.root.paths.rules
        ),
    )


def _check_detectors(settings: Settings) -> None:
    from sync.config.problems import suggestion
    from sync.reconcile.registry import detectors

    known = detectors()
    wrong: list[str] = []
    for id_, one in settings.root.detectors.items():
        at = ("detectors", id_)
        if id_ not in known:
            wrong.append(f"{settings.where(*at)}: unknown detector{suggestion(id_, known)}")
            continue
        for key, value in one.thresholds.items():
            place = settings.where(*at, key)
            if key not in known[id_].defaults:
                names = [*known[id_].defaults, "channel"]
                wrong.append(f"{place}: unknown threshold{suggestion(key, names)}")
            elif isinstance(value, bool) or not isinstance(value, (int, float)):
                wrong.append(f"{place}: must be a number")
    if wrong:
        raise ConfigError("\n".join(wrong))


def recipients(settings: Settings, audience: str | None = None) -> tuple[Recipient, ...]:
    """Who gets the report, the owner of the token first; `audience` in place of the configured."""
    mail = settings.root.mail
    found: list[Recipient] = []
    for one in () if mail is None else mail.to:
        told = RecipientSettings(address=one) if isinstance(one, str) else one
        found.append(
            Recipient(
                told.address,
                audience or told.audience or settings.root.report.audience,
                is_owner=not found,
                milestones=tuple(told.milestones),
                projects=tuple(told.projects),
                schedule=Schedule(
                    told.schedule,
                    _DAYS[told.day] - 1,
                    time.fromisoformat(told.time),
                    told.time_zone,
                ),
            )
        )
    return tuple(found)


def smtp(settings: Settings) -> Smtp | None:
    """The mail server, if one is configured. Its password is read when it is needed."""
    mail = settings.root.mail
    if mail is None or mail.host is None:
        return None
    return Smtp(
        host=mail.host,
        port=mail.port or _PORTS[mail.security],
        security=mail.security,
        user=mail.user,
        password=lambda: _password(settings, mail),
        ca_bundle=None if mail.ca_bundle is None else settings.base / mail.ca_bundle,
        timeout=mail.timeout_seconds,
        login=mail.auth,
        bounces_to=mail.bounces_to,
    )


def _password(settings: Settings, mail: MailSettings) -> str:
    found = secrets.resolve(
        "mail.password",
        value=mail.password,
        env=mail.password_env,
        file=mail.password_file,
        command=mail.password_command,
        keyring=mail.password_keyring,
        base=settings.base,
    )
    if found is None:
        raise ConfigError(
            "the mail server wants a password and none is configured",
            where="mail",
            todo="Write password_env, password_file or password_command.",
        )
    return found.get_secret_value()
