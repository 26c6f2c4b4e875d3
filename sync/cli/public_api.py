"""What others may import, and the page about it: the one list, and stubs made from the source.

The promise holds for these names alone. Everything else may change with any release.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Part:
    """One contract, or what belongs beside one."""

    title: str
    about: str
    #: module whose `CONTRACT` is its version.
    versioned_by: str
    #: module -> names.
    names: Mapping[str, tuple[str, ...]]


PARTS: tuple[Part, ...] = (
    Part(
        "Connectors",
        "What a connector promises, what it is handed, and the errors that it may raise.",
        "connectors.contract",
        {
            "connectors.contract": (
                "CONTRACT",
                "Order",
                "Deletions",
                "Mode",
                "Cursor",
                "StreamSpec",
                "ScopeRef",
                "RawRecord",
                "Unreadable",
                "Page",
                "Window",
                "GoneReason",
                "Gone",
                "Outcome",
                "Capability",
                "Identity",
                "CheckItem",
                "Pause",
                "Connector",
                "Runtime",
                "ScopeOption",
                "ConnectorEntry",
                "SourceError",
                "CannotAuthenticate",
                "NotAllowed",
                "NotFound",
                "WrongAddress",
                "TooManyRequests",
                "Unavailable",
                "UnexpectedAnswer",
                "BrokenAnswer",
                "FeatureOff",
            ),
            "connectors.transport": ("Answer", "Transport"),
            "connectors.jsonbytes": ("decode", "encode"),
        },
    ),
    Part(
        "The contract suite",
        "Ships with `driftline[testing]`: subclass `ContractSuite`, give it a `World` of yours.",
        "connectors.contract",
        {
            "connectors.testing.suite": ("ContractSuite",),
            "connectors.testing.world": ("Fault", "World"),
        },
    ),
    Part(
        "Mappings",
        "The entry, the table that the TOML layers become, and helpers that never raise.",
        "mappings.registry",
        {
            "mappings.registry": ("CONTRACT", "MappingEntry"),
            "mappings.schema": ("StatusRule", "LinkRule", "MappingTable"),
            "mappings.load": ("MappingError", "load"),
            "mappings.out": ("Out",),
            "mappings.values": (
                "text",
                "short",
                "cut",
                "table",
                "items",
                "names",
                "number",
                "whole",
            ),
            "mappings.dates": ("instant", "calendar", "local_date"),
            "mappings.texts": ("Version", "Reader"),
            "mappings.contents": ("Contents", "contents"),
        },
    ),
    Part(
        "Records",
        "What a mapping makes of payloads. All are frozen; instants are UTC, days are days.",
        "mappings.registry",
        {
            "mappings.records": (
                "Account",
                "Scope",
                "Status",
                "Field",
                "WorkItem",
                "FieldEvent",
                "History",
                "Milestone",
                "Link",
                "Links",
                "ScopeEntity",
                "BoardValue",
                "BoardItem",
                "BoardMilestones",
                "DataIssue",
                "Record",
                "Payload",
                "Lookups",
            ),
            "mappings.code_records": (
                "ChangeRequest",
                "ChangeFile",
                "ChangeFiles",
                "Review",
                "Reviews",
                "Commit",
                "ChangeCommits",
                "Commits",
                "BranchTip",
                "TreeComparison",
                "Push",
                "Pushes",
                "Reference",
                "References",
                "PipelineRun",
                "CheckResult",
                "Checks",
                "RunJobs",
                "Release",
                "Deployment",
                "RequiredChecks",
                "CodeRecord",
            ),
        },
    ),
    Part(
        "Vocabulary",
        "The closed words of the store. A word may be added; none changes its meaning.",
        "mappings.registry",
        {
            "mappings.vocabulary": (
                "UNREAD_LINKS",
                "StatusCategory",
                "WaitsFor",
                "ItemType",
                "Priority",
                "MilestoneKind",
                "MilestoneState",
                "LinkKind",
                "EventField",
                "MEMBERSHIP_FIELDS",
                "OF_BOARD",
                "BoardContent",
                "Origin",
                "HistoryState",
                "ScopeKind",
                "ChangeState",
                "MergeMethod",
                "ReviewVerdict",
                "FileChange",
                "Conclusion",
                "PipelineKind",
                "CheckSource",
                "WHOLE_PIPELINE",
                "DeploymentState",
                "RefKind",
                "RefSource",
            ),
        },
    ),
    Part(
        "Detectors",
        "What a detector says of itself and yields, and the view that it reads.",
        "sync.reconcile.contract",
        {
            "sync.reconcile.contract": (
                "CONTRACT",
                "About",
                "Severity",
                "Channel",
                "PartRule",
                "Policy",
                "Evidence",
                "Found",
                "NotChecked",
                "Voice",
                "Words",
                "Detector",
                "Finding",
                "Reconciliation",
            ),
            "sync.reconcile.view": ("View", "Plan", "Project"),
        },
    ),
    Part(
        "Trying a detector",
        "What a test of yours needs to go from a served tracker to the finding.",
        "sync.reconcile.contract",
        {
            "sync.engine.plan": ("ConnectionPlan", "Plan"),
            "sync.engine.run": ("sync",),
            "sync.reconcile.registry": ("Catalogue",),
            "sync.reconcile.runner": ("reconcile",),
            "sync.store.open": ("memory_store",),
        },
    ),
)
PACKAGES = ("connectors", "mappings", "sync")
#: Modules that hold a contract: each name that they define is listed above, or here with why not.
CONTRACT_MODULES = (
    "connectors.contract",
    "connectors.testing.world",
    "mappings.code_records",
    "mappings.records",
    "mappings.vocabulary",
    "sync.reconcile.contract",
)
#: What a reconciliation hands to the report: its public form is the report's JSON.
NOT_PUBLIC: Mapping[str, frozenset[str]] = {
    "sync.reconcile.contract": frozenset(
        {
            "Answer",
            "AnswerEnd",
            "AnswerKind",
            "BurnUp",
            "BurnUpPoint",
            "Certificate",
            "Demotion",
            "FindingState",
            "Flapping",
            "ForecastBefore",
            "ForecastSummary",
            "LedgerSummary",
            "MilestoneLine",
            "Question",
            "Suppression",
            "TestedSummary",
            "Trend",
            "TrendPoint",
        }
    )
}
_HEAD = """\
# Public API

What a package of others may import, with types; each distribution ships `py.typed`. Written by
`python -m sync.cli.reference` from `sync/cli/public_api.py`, the one list. How to use it:
[a connector](how-to/write-a-connector.md), [a mapping](how-to/write-a-mapping.md),
[a detector](how-to/write-a-detector.md).

| contract | version | where a plugin says it | entry points |
|---|---|---|---|
{versions}

**The promise.** Within one version of a contract no name below goes away, none gets a parameter or
a field without a default, and none changes its meaning. What is added has a default that means what
was so before. Whatever breaks this raises the version, and `CHANGELOG.md` says what to do. That is
why plugins write the number that they were made for, and not `CONTRACT`: one that is taken from
driftline always fits. Who writes none was made for version 1.

**What does not fit** is refused in one sentence: another version, an error at import, a thing of
the wrong type, a name that two packages bring. `driftline connectors list` and `check` say which
and why. A connector or mapping that raises fails its own scope and leaves the rest of the run
alone; a detector that raises is told as *not checked*. Where the configuration names a connector
that does not fit, or one whose mapping does not, that connection fails with the sentence: the
others are read, `sync` and `run` end with 4, and the report shows what it did not see.

**No part of it**: every other name and module, names that begin with an underscore, the simulator
(`connectors.simulator`, which changes with the demo), and tables of the store. Rows are promised by
[the views](store.md), facts by `--json` and [the report's JSON](formats.md).
"""
_ENTRY_POINTS = (
    ("connector", "connectors.contract", "`ConnectorEntry.contract`", "`driftline.connectors`"),
    ("mapping", "mappings.registry", "`MappingEntry.contract`", "`driftline.mappings`"),
    ("detector", "sync.reconcile.contract", "`Detector.contract`", "`driftline.detectors`"),
)


def page() -> str:
    """docs/public-api.md: each name with its signature and what it means."""
    versions = "\n".join(
        f"| {name} | {_version(module)} | {where} | {group} |"
        for name, module, where, group in _ENTRY_POINTS
    )
    lines = [_HEAD.format(versions=versions)]
    for part in PARTS:
        lines += [f"## {part.title}", "", part.about, ""]
        lines += [f"Version {_version(part.versioned_by)} of `{part.versioned_by}`.", ""]
        for module, names in part.names.items():
            for name in names:
                source = Source.of(_home(module, name))
                lines += [f"### `{module}.{name}`", ""]
                said = source.meaning(name)
                lines += [said, ""] if said else []
                lines += ["```python", *source.stub(name), "```", ""]
    return "\n".join(lines)


def _home(module: str, name: str) -> str:
    """The module that defines what another one hands on."""
    home = getattr(getattr(import_module(module), name), "__module__", module)
    return str(home) if str(home).partition(".")[0] in PACKAGES else module


def _version(module: str) -> int:
    found: int = import_module(module).CONTRACT
    return found


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a module, and what stands in it on the outermost level."""

    lines: Sequence[str]
    nodes: Mapping[str, ast.stmt]

    @classmethod
    def of(cls, module: str) -> "Source":
        """Read a module's source."""
        file = import_module(module).__file__
        assert file is not None
        text = Path(file).read_text(encoding="utf-8")
        return cls(text.splitlines(), dict(_named(ast.parse(text).body)))

    def public(self) -> set[str]:
        """Names that the module itself defines and that do not begin with an underscore."""
        return {name for name in self.nodes if not name.startswith("_")}

    def meaning(self, name: str) -> str:
        """The first sentence of a docstring, or the comment above a constant."""
        return _meaning(self.lines, self.nodes[name])

    def stub(self, name: str) -> list[str]:
        """Its signature; of a class, fields and methods with a line of meaning each."""
        return list(_stub(self.lines, self.nodes[name]))


def _named(body: Sequence[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node


def _meaning(lines: Sequence[str], node: ast.stmt) -> str:
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return (ast.get_docstring(node) or "").partition("\n\n")[0].replace("\n", " ")
    return " ".join(_comment(lines, node.lineno))


def _comment(lines: Sequence[str], number: int) -> list[str]:
    """`#:` lines right above a line (counted from 1)."""
    found: list[str] = []
    for line in reversed(lines[: number - 1]):
        match = re.match(r" *#: ?(.*)", line)
        if match is None:
            break
        found.insert(0, match[1])
    return found


def _stub(lines: Sequence[str], node: ast.stmt, indent: str = "") -> Iterator[str]:
    if isinstance(node, ast.FunctionDef):
        for one in node.decorator_list:
            if ast.unparse(one) in ("property", "classmethod", "staticmethod", "cached_property"):
                yield f"{indent}@{ast.unparse(one)}"
        returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        yield f"{indent}def {node.name}({ast.unparse(node.args)}){returns}: ..."
    elif isinstance(node, ast.ClassDef):
        for one in node.decorator_list:
            yield f"{indent}@{ast.unparse(one)}"
        bases = [*map(ast.unparse, node.bases), *map(_keyword, node.keywords)]
        yield f"{indent}class {node.name}{_bracketed(bases)}:"
        inner = [*_members(lines, node, f"{indent}    ")]
        yield from inner or [f"{indent}    ..."]
    else:
        yield f"{indent}{ast.unparse(node)}"


def _members(lines: Sequence[str], node: ast.ClassDef, indent: str) -> Iterator[str]:
    for name, one in _named(node.body):
        made = name == "__init__" and isinstance(one, ast.FunctionDef) and len(one.args.args) > 1
        if name.startswith("_") and not made:
            continue
        said = _meaning(lines, one)
        if said and not made:
            yield f"{indent}# {said}"
        yield from _stub(lines, one, indent)


def _keyword(one: ast.keyword) -> str:
    return f"{one.arg}={ast.unparse(one.value)}"


def _bracketed(bases: Sequence[str]) -> str:
    return f"({', '.join(bases)})" if bases else ""
