"""What a person may configure; every field's description is the reference's sentence for it."""

import json
from datetime import date, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from sync.config.quality import GateSettings, PathsSettings
from sync.config.testing import TestingSettings

_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ChannelName = Literal["mailed", "digest", "off"]


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("must be a time zone such as Europe/Berlin") from error
    return value


def _number(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


class SyncSettings(BaseModel):
    """How sources are read."""

    model_config = _STRICT

    since_days: int | None = Field(
        730,
        ge=1,
        description="First load: closed work older than this many days is left out; open work is "
        "always read.",
    )
    everything: bool = Field(False, description="First load without any horizon.")
    time_box_minutes: float | None = Field(
        None, gt=0, description="A run yields after this time and goes on in the next."
    )
    workers: int = Field(8, ge=1, le=32, description="Projects and boards read side by side.")
    max_wait_minutes: float = Field(
        15, ge=0, description="Longest total waiting for request limits in one run."
    )
    reserve: float = Field(
        0.1, ge=0, lt=1, description="Share of a request limit that is left for people."
    )
    overlap_minutes: float = Field(
        15,
        ge=15,
        le=10080,
        description="Each run reads again what changed so long before the last one, and once a day "
        "a whole day: longer where a server's search shows changes late.",
    )


class WorkerSettings(BaseModel):
    """How `driftline worker` shares the work of a store on PostgreSQL."""

    model_config = _STRICT

    schedule: str = Field(
        "15 6 * * *",
        description="When all is read and judged: minute, hour, day, month, weekday, as cron has "
        "them, in UTC.",
    )
    time_box_minutes: float = Field(
        10, ge=1, description="A reading yields after this time, for others, and is queued again."
    )


class ConnectionSettings(BaseModel):
    """One source. Other keys belong to its kind; see the page of the connector."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    kind: str = Field(description="Connector: `driftline connectors list` names them.")
    token: SecretStr | None = Field(
        None, description="From the environment only; never in the file."
    )
    token_env: str | None = Field(None, description="Environment variable that holds the token.")
    token_file: str | None = Field(None, description="File whose first line is the token.")
    token_command: str | list[str] | None = Field(
        None, description="Command that prints the token; run without a shell."
    )
    token_keyring: str | None = Field(
        None, description="`service/user` in the operating system's key store (extra `keyring`)."
    )
    token_expires: date | None = Field(
        None, description="Day the token ends, where the vendor does not tell it (Jira Cloud)."
    )
    time_zone: str | None = Field(
        None, description="Zone of this source's calendar dates, if not the one above."
    )
    mapping: str | list[str] = Field(
        default_factory=list, description="Mapping files of this connection, later ones win."
    )
    proxy: str | None = Field(None, description="Proxy address, if not from HTTPS_PROXY.")
    ca_bundle: str | None = Field(
        None, description="Certificate file, if not the operating system's trust."
    )
    timeout_seconds: float = Field(30, gt=0, le=600, description="Longest wait for an answer.")
    max_answer_mb: float = Field(
        64, gt=0, le=1024, description="Largest answer that is taken, unpacked, in megabytes."
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        return None if value is None else _zone(value)

    @property
    def options(self) -> dict[str, Any]:
        """Keys that belong to the connector's own options."""
        return dict(self.model_extra or {})


class MappingSettings(BaseModel):
    """Mapping files for all connections."""

    model_config = _STRICT

    organisation: str | None = Field(
        None, description="Mapping file under those of the connections."
    )


class MilestoneSettings(BaseModel):
    """Which milestones are judged."""

    model_config = _STRICT

    judge: list[str] = Field(
        default_factory=list,
        description="Names, or PROJECT:name; `driftline check` proposes some.",
    )
    fixed_date: list[str] = Field(
        default_factory=list,
        description="Names, or PROJECT:name, of those whose date stands and whose scope may "
        "change: what moves to a later one is re-planned, not removed.",
    )
    grace_days: int = Field(
        1,
        ge=0,
        le=30,
        description="Working days after its baseline in which a milestone may still be tidied.",
    )


class PartSettings(BaseModel):
    """A part of a program milestone that is one for a while only."""

    model_config = _STRICT

    part: str = Field(description="CONNECTION/PROJECT:name, or CONNECTION/KIND:id.")
    since: date | None = Field(None, description="First day on which it is a part.")
    until: date | None = Field(None, description="Last day on which it is one.")

    @property
    def ends_first(self) -> bool:
        """Whether its last day is before its first."""
        return self.since is not None and self.until is not None and self.until < self.since


class TeamRuleSettings(BaseModel):
    """A rule: an item that has all of this belongs to the team while the rule is in force."""

    model_config = _STRICT

    connection: str | None = Field(None, description="Only items of this connection.")
    component: str | None = Field(None, description="Component that an item has.")
    label: str | None = Field(None, description="Label that it has.")
    field: str | None = Field(None, description="What its team field says, by name or id.")
    project: str | None = Field(None, description="Key or id of its project.")
    repository: str | None = Field(None, description="Path of its repository (owner/name).")
    since: date | None = Field(
        None, description="First day of the rule; without one it always was."
    )
    until: date | None = Field(None, description="Last day of the rule; without one it still is.")

    @model_validator(mode="after")
    def _says_something(self) -> "TeamRuleSettings":
        if not any((self.component, self.label, self.field, self.project, self.repository)):
            raise ValueError("needs one of component, label, field, project, repository")
        if self.project and self.repository:
            raise ValueError("project and repository are the same condition; keep one of them")
        if self.since and self.until and self.until < self.since:
            raise ValueError(f"until ({self.until}) is before since ({self.since})")
        return self


class LinkSettings(BaseModel):
    """How changes and the items they work on are brought together."""

    model_config = _STRICT

    trackers: dict[str, str | list[str]] = Field(
        default_factory=dict,
        description="Repository (owner/name) = the connection, or connections, whose items its "
        "changes speak of; needed where two servers have a project of the same key.",
    )
    mirrors: list[tuple[str, str]] = Field(
        default_factory=list,
        description="Items of two systems that are one, each CONNECTION:KEY; in a program "
        "milestone the first counts, and the second does not.",
    )


#: Longest period off, days: more is a mistake in a year.
_LONGEST_OFF = 400


class OffSettings(BaseModel):
    """A time in which nobody works."""

    model_config = _STRICT

    since: date = Field(description="First day off.")
    until: date = Field(description="Last day off.")

    @model_validator(mode="after")
    def _in_order(self) -> "OffSettings":
        days = (self.until - self.since).days
        if days < 0:
            raise ValueError("until is before since")
        if days >= _LONGEST_OFF:
            raise ValueError(f"is longer than {_LONGEST_OFF} days: look at the years")
        return self

    @property
    def days(self) -> frozenset[date]:
        """Each day of it."""
        count = (self.until - self.since).days + 1
        return frozenset(self.since + timedelta(days=number) for number in range(count))


class TeamCalendarSettings(BaseModel):
    """When a team works, where that differs."""

    model_config = _STRICT

    work_days: tuple[Weekday, ...] | None = Field(
        None, min_length=1, description="Days that this team works; default: those above."
    )
    holidays: list[date] = Field(
        default_factory=list, description="Days on which this team does not work, either."
    )
    off: list[OffSettings] = Field(
        default_factory=list, description="Times in which this team does not work, either."
    )
    common_holidays: bool = Field(
        True, description="Whether the days and times above are off for this team, too."
    )


class CalendarSettings(BaseModel):
    """When people work."""

    model_config = _STRICT

    work_days: tuple[Weekday, ...] = Field(
        ("mon", "tue", "wed", "thu", "fri"), min_length=1, description="Days that are worked."
    )
    holidays: list[date] = Field(default_factory=list, description="Days that are not worked.")
    off: list[OffSettings] = Field(
        default_factory=list,
        description="Times that are not worked, each { since = DATE, until = DATE }.",
    )
    teams: dict[str, TeamCalendarSettings] = Field(
        default_factory=dict, description="Team = its own calendar, by the name of the team."
    )

    @property
    def days_off(self) -> frozenset[date]:
        """All days on which nobody works."""
        return frozenset(self.holidays).union(*(one.days for one in self.off))

    def days_off_of(self, team: TeamCalendarSettings) -> frozenset[date]:
        """All days on which this team does not work."""
        common = self.days_off if team.common_holidays else frozenset()
        return common.union(team.holidays, *(one.days for one in team.off))


class DetectorSettings(BaseModel):
    """One detector; other keys are its thresholds, named on its page."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    channel: ChannelName | None = Field(
        None, description="mailed, digest (page and JSON only), or off."
    )

    @property
    def thresholds(self) -> dict[str, Any]:
        """Thresholds over the detector's defaults; a variable's text becomes its number."""
        return {name: _number(value) for name, value in (self.model_extra or {}).items()}


class RetentionSettings(BaseModel):
    """How long `driftline db prune` leaves what is over."""

    model_config = _STRICT

    former_days: int = Field(
        730, ge=30, description="Days for which --known-at reaches back; events stay for ever."
    )
    runs_days: int = Field(365, ge=30, description="Days for which runs that are over are kept.")
    reports_days: int = Field(730, ge=30, description="Days for which reports are kept.")


class PingSettings(BaseModel):
    """A dead man's switch, which raises the alarm when a run did not say that it is well.

    Whoever knows its address can say so, too: it is a secret.
    """

    model_config = _STRICT

    secret_url: SecretStr | None = Field(
        None, description="From the environment only; never in the file."
    )
    secret_url_env: str | None = Field(None, description="Environment variable with the address.")
    secret_url_file: str | None = Field(None, description="File whose first line is the address.")
    secret_url_command: str | list[str] | None = Field(
        None, description="Command that prints the address; run without a shell."
    )
    secret_url_keyring: str | None = Field(
        None, description="`service/user` in the operating system's key store."
    )
    start: str = Field(
        "/start", description="Added to the address when a run begins; empty: not told."
    )
    fail: str = Field("/fail", description="Added to the address when a run ended with trouble.")
    timeout_seconds: float = Field(10.0, gt=0, le=60, description="Longest wait for its answer.")


class FindingsSettings(BaseModel):
    """What people answer to findings."""

    model_config = _STRICT

    author: str | None = Field(
        None, min_length=1, description="Who answers, if a command is not told; else your login."
    )
    suppressions: str | None = Field(
        None,
        description="File with findings that are borne for a time, relative to this one; see "
        "docs/findings.md.",
    )
    name_people: bool = Field(
        True,
        description="Whether a finding may name the person of [people] whose item it is about; if "
        "not, the team only.",
    )


class ReportSettings(BaseModel):
    """What is reported and when."""

    model_config = _STRICT

    audience: Literal["executive", "manager", "engineer"] = Field(
        "manager", description="Whose words the report uses."
    )
    directory: str = Field("reports", description="Where `run` writes the page and the drafts.")
    formats: list[
        Literal["text", "markdown", "csv", "openmetrics", "sarif", "slack", "teams", "ics"]
    ] = Field(
        default_factory=list,
        description="Forms that `run` writes there beside the page and its JSON.",
    )


class RecipientSettings(BaseModel):
    """One reader of the report, and what of it concerns them."""

    model_config = _STRICT

    address: str = Field(description="Where the mail goes.")
    audience: Literal["executive", "manager", "engineer"] | None = Field(
        None, description="Whose words it uses, if not those of [report]."
    )
    milestones: list[str] = Field(
        default_factory=list,
        description="Milestones that concern them, as in [milestones] judge; without any, all.",
    )
    projects: list[str] = Field(
        default_factory=list,
        description="Projects and repositories that concern them, by key; without any, all.",
    )
    schedule: Literal["weekly", "daily", "changes"] = Field(
        "weekly",
        description="weekly; daily: on each day on which something moved; changes: with each run "
        "that finds something moved. A new high finding or a failed source never waits.",
    )
    day: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] = Field(
        "mon", description="Day of the weekly mail."
    )
    time: str = Field(
        "06:00",
        pattern=r"^([01]\d|2[0-3]):[0-5]\d$",
        description="Local time from which it may leave.",
    )
    time_zone: str | None = Field(None, description="Their zone, if not that of the report.")

    @field_validator("address")
    @classmethod
    def _address(cls, value: str) -> str:
        return _mail_address(value)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        return None if value is None else _zone(value)


def _mail_address(name: str) -> str:
    if "@" not in name.strip("@") or any(ord(c) < 33 and c != " " for c in name):
        raise ValueError("must be an e-mail address")
    return name


class MailSettings(BaseModel):
    """How the report is mailed."""

    model_config = _STRICT

    sender: str = Field(alias="from", description="Address the mail comes from.")
    to: list[str | RecipientSettings] = Field(
        min_length=1,
        description="Addresses it goes to, or tables with address, audience, milestones, projects, "
        "schedule, day, time, time_zone; your own first, which alone sees restricted items.",
    )
    approved: bool = Field(
        False,
        description="true: the mails of others leave without `driftline report approve`, once the "
        "days of only_me_days are over.",
    )
    only_me_days: int = Field(
        14,
        ge=0,
        le=365,
        description="Days from the first report in which the first address alone gets mail.",
    )
    host: str | None = Field(None, description="SMTP server; without one a draft is written.")
    port: int | None = Field(None, ge=1, le=65535, description="Port, if not the usual one.")
    security: Literal["starttls", "tls", "plain"] = Field(
        "starttls", description="starttls (587), tls (465) or plain (25, inside a network)."
    )
    user: str | None = Field(None, description="Login, if the server wants one.")
    auth: Literal["password", "xoauth2"] = Field(
        "password",
        description="password, or xoauth2: what the password keys give is an access token.",
    )
    password: SecretStr | None = Field(
        None, description="From the environment only; never in the file."
    )
    password_env: str | None = Field(None, description="Environment variable with the password.")
    password_file: str | None = Field(None, description="File whose first line is the password.")
    password_command: str | list[str] | None = Field(
        None, description="Command that prints the password; run without a shell."
    )
    password_keyring: str | None = Field(
        None, description="`service/user` in the operating system's key store."
    )
    ca_bundle: str | None = Field(None, description="Certificate file for the mail server.")
    timeout_seconds: float = Field(
        30.0, gt=0, le=600, description="Longest wait for one answer of the mail server."
    )
    answers_to: str | None = Field(
        None,
        description="Address that the answer links of the mail write to; your own if not told.",
    )
    bounces_to: str | None = Field(
        None, description="Address that gets the bounces (envelope sender), if not that of `from`."
    )
    thread: bool = Field(
        False,
        description="true: the same subject every time, so that Gmail too keeps the mails in one "
        "conversation; the verdict then stands in the preview.",
    )

    @field_validator("bounces_to", "answers_to")
    @classmethod
    def _bare_address(cls, value: str | None) -> str | None:
        if value is not None and (value.count("@") != 1 or set(value) & set(' <>,;"\r\n\t')):
            raise ValueError("must be an e-mail address without a name")
        return value

    @field_validator("sender", "to")
    @classmethod
    def _addresses(cls, value: Any) -> Any:
        for one in [value] if isinstance(value, str) else value:
            _mail_address(one if isinstance(one, str) else one.address)
        return value

    @model_validator(mode="after")
    def _each_once(self) -> "MailSettings":
        told = [one if isinstance(one, str) else one.address for one in self.to]
        twice = sorted({one for one in told if told.count(one) > 1})
        if twice:
            raise ValueError(f"to: {', '.join(twice)} stands there twice")
        return self


class Root(BaseModel):
    """The whole file."""

    model_config = _STRICT

    name: str = Field("driftline", description="Name of the programme, shown in subjects.")
    time_zone: str = Field("UTC", description="Zone of calendar dates and of the report.")
    store: str = Field(
        "driftline.db",
        description="File of the store, relative to the configuration, or postgresql://…",
    )
    sync: SyncSettings = Field(default_factory=SyncSettings)
    worker: WorkerSettings = Field(default_factory=WorkerSettings)
    people: dict[str, list[str]] = Field(
        default_factory=dict,
        description="Person = accounts, each CONNECTION:WORD with an id, login, e-mail address or "
        "name; `driftline check` suggests some.",
    )
    connections: dict[str, ConnectionSettings] = Field(
        default_factory=dict, description="Sources by a name of your own."
    )
    mapping: MappingSettings = Field(default_factory=MappingSettings)
    milestones: MilestoneSettings = Field(default_factory=MilestoneSettings)
    programs: dict[str, list[str | PartSettings]] = Field(
        default_factory=dict,
        description="Program milestone = its parts in all systems, each CONNECTION/PROJECT:name; "
        "counts before `driftline milestones link`.",
    )
    teams: dict[str, list[TeamRuleSettings]] = Field(
        default_factory=dict,
        description="Team = its rules; the first that matches counts, and all of them before those "
        "of mapping files. A reorganisation is a rule with a day.",
    )
    links: LinkSettings = Field(default_factory=LinkSettings)
    calendar: CalendarSettings = Field(default_factory=CalendarSettings)
    testing: TestingSettings = Field(default_factory=TestingSettings)
    paths: PathsSettings = Field(default_factory=PathsSettings)
    gate: GateSettings = Field(default_factory=GateSettings)
    retention: RetentionSettings = Field(default_factory=RetentionSettings)
    ping: PingSettings | None = None
    detectors: dict[str, DetectorSettings] = Field(
        default_factory=dict, description="Detectors by id."
    )
    findings: FindingsSettings = Field(default_factory=FindingsSettings)
    report: ReportSettings = Field(default_factory=ReportSettings)
    mail: MailSettings | None = Field(None, description="Without it no mail is written.")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return _zone(value)

    @model_validator(mode="after")
    def _names(self) -> "Root":
        for name in self.connections:
            if not name or not name.replace("-", "").replace("_", "").isalnum():
                raise ValueError(f"connection name {name!r} may hold letters, digits, - and _ only")
        for person, accounts in self.people.items():
            for one in accounts:
                if one.partition(":")[0] not in self.connections or not one.partition(":")[2]:
                    raise ValueError(
                        f"people: {one!r} of {person!r} must be a configured connection, a colon "
                        "and an account, such as github:ada"
                    )
        for repository, named in self.links.trackers.items():
            for one in [named] if isinstance(named, str) else named:
                if one not in self.connections:
                    raise ValueError(
                        f"links.trackers: {repository!r} names the connection {one!r}, which is "
                        "not configured"
                    )
        for program, parts in self.programs.items():
            if len(parts) < 2:
                raise ValueError(f"programs: {program!r} needs two parts at least")
            for part in parts:
                text = part if isinstance(part, str) else part.part
                if not isinstance(part, str) and part.ends_first:
                    raise ValueError(f"programs: {text!r} of {program!r} ends before it begins")
                if text.partition("/")[0] not in self.connections:
                    raise ValueError(
                        f"programs: {text!r} of {program!r} must be a configured connection, a "
                        "slash and a milestone, such as jira/APO:Release 3.2"
                    )
        for team, rules in self.teams.items():
            for rule in rules:
                if rule.connection is not None and rule.connection not in self.connections:
                    raise ValueError(
                        f"teams: a rule of {team!r} names the connection {rule.connection!r}, "
                        "which is not configured"
                    )
        for pair in self.links.mirrors:
            for one in pair:
                if one.partition(":")[0] not in self.connections or not one.partition(":")[2]:
                    raise ValueError(
                        f"links.mirrors: {one!r} must be a configured connection, a colon and a "
                        "key, such as jira:APO-12"
                    )
        return self
