"""Closed enumerations of the field's standard terms, common to every system."""

from enum import StrEnum

#: Kind of the data issue of an item whose links the system did not give.
UNREAD_LINKS = "links-unread"


class StatusCategory(StrEnum):
    """What a workflow status means for the plan."""

    TODO = "todo"
    IN_PROGRESS = "in_progress"
    IN_REVIEW = "in_review"
    DONE = "done"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class WaitsFor(StrEnum):
    """Whom or what an item in this status waits for."""

    REVIEW = "review"
    QA = "qa"
    RELEASE = "release"
    CUSTOMER = "customer"
    OTHER = "other"


class ItemType(StrEnum):
    """Kind of a work item."""

    EPIC = "epic"
    FEATURE = "feature"
    TASK = "task"
    DEFECT = "defect"
    SUBTASK = "subtask"
    INCIDENT = "incident"
    UNKNOWN = "unknown"


class Priority(StrEnum):
    """Urgency, highest first."""

    EXPEDITE = "expedite"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    UNKNOWN = "unknown"


class MilestoneKind(StrEnum):
    """What a container of planned work is called where it comes from."""

    VERSION = "version"
    MILESTONE = "milestone"
    SPRINT = "sprint"
    ITERATION = "iteration"
    EPIC = "epic"
    PROGRAM = "program"


class MilestoneState(StrEnum):
    """Where a milestone stands; `released` is a version's word for closed."""

    FUTURE = "future"
    ACTIVE = "active"
    CLOSED = "closed"
    RELEASED = "released"
    ARCHIVED = "archived"
    UNKNOWN = "unknown"

    @property
    def is_open(self) -> bool:
        """Whether work may still be planned into it; `unknown` counts as open."""
        return self in (MilestoneState.FUTURE, MilestoneState.ACTIVE, MilestoneState.UNKNOWN)


class LinkKind(StrEnum):
    """How two things are related, read from the `from` side."""

    BLOCKS = "blocks"
    RELATES = "relates"
    DUPLICATES = "duplicates"
    CLONES = "clones"
    SPLITS = "splits"
    IMPLEMENTS = "implements"
    CLOSES = "closes"
    MENTIONS = "mentions"
    REVERTS = "reverts"
    DEPENDS_ON = "depends_on"
    UNKNOWN = "unknown"


class EventField(StrEnum):
    """The fields whose history judgements rest on; anything else is `other`."""

    STATUS = "status"
    ASSIGNEE = "assignee"
    VERSION = "version"
    SPRINT = "sprint"
    MILESTONE = "milestone"
    ITERATION = "iteration"
    PARENT = "parent"
    POINTS = "points"
    SECONDS = "seconds"
    PRIORITY = "priority"
    TITLE = "title"
    DESCRIPTION = "description"
    TYPE = "type"
    KEY = "key"
    PROJECT = "project"
    RESOLUTION = "resolution"
    DUE_DATE = "due_date"
    LABELS = "labels"
    LINK = "link"
    FLAG = "flag"
    OTHER = "other"


#: Fields whose values are milestones: an event of them may open or end a membership.
MEMBERSHIP_FIELDS: dict[EventField, MilestoneKind] = {
    EventField.VERSION: MilestoneKind.VERSION,
    EventField.SPRINT: MilestoneKind.SPRINT,
    EventField.MILESTONE: MilestoneKind.MILESTONE,
    EventField.ITERATION: MilestoneKind.ITERATION,
}


#: What an id begins with that a board gives: of a status, of a milestone, of what tells of them.
#: It is that board's to list, and has no history at the vendor.
OF_BOARD = "board:"


class BoardContent(StrEnum):
    """What a line of a board stands for."""

    WORK_ITEM = "work_item"
    CHANGE_REQUEST = "change_request"
    #: a line without an issue.
    DRAFT = "draft"
    #: something that this token may not see.
    HIDDEN = "hidden"


class Origin(StrEnum):
    """How we know a fact."""

    SOURCE = "source"
    OBSERVED = "observed"
    INFERRED = "inferred"


class HistoryState(StrEnum):
    """The three states of child data, with `partial` for a history known to be cut."""

    NOT_FETCHED = "not_fetched"
    COMPLETE = "complete"
    PARTIAL = "partial"
    UNAVAILABLE = "unavailable"


class ScopeKind(StrEnum):
    """What a connector reads from: the whole site, or a part of it."""

    SITE = "site"
    PROJECT = "project"
    REPOSITORY = "repository"
    GROUP = "group"
    BOARD = "board"
    QUERY = "query"


class ChangeState(StrEnum):
    """Where a change request stands."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class MergeMethod(StrEnum):
    """How a change came onto its base branch."""

    MERGE = "merge"
    SQUASH = "squash"
    REBASE = "rebase"
    FAST_FORWARD = "fast_forward"
    UNKNOWN = "unknown"


class ReviewVerdict(StrEnum):
    """What a reviewer said."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    COMMENTED = "commented"
    DISMISSED = "dismissed"
    PENDING = "pending"
    UNKNOWN = "unknown"


class FileChange(StrEnum):
    """What happened to a path."""

    ADDED = "added"
    MODIFIED = "modified"
    REMOVED = "removed"
    RENAMED = "renamed"
    COPIED = "copied"
    UNKNOWN = "unknown"


class Conclusion(StrEnum):
    """How a run, job or check ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    NEUTRAL = "neutral"
    ACTION_REQUIRED = "action_required"
    STALE = "stale"
    PENDING = "pending"
    UNKNOWN = "unknown"


class PipelineKind(StrEnum):
    """What a run was started for; only a merge result, train or group tests the integrated tree."""

    BRANCH = "branch"
    #: on the head of a change (GitLab detached, GitHub `pull_request`).
    CHANGE = "change"
    MERGE_RESULT = "merge_result"
    #: merge train or merge queue group.
    TRAIN = "train"
    TAG = "tag"
    SCHEDULE = "schedule"
    CHILD = "child"
    OTHER = "other"
    UNKNOWN = "unknown"


class CheckSource(StrEnum):
    """Where a check result comes from."""

    CHECK_RUN = "check_run"
    STATUS = "status"
    JOB = "job"


#: Stands among the names of required checks for all of a pipeline: GitLab requires no single job.
WHOLE_PIPELINE = "*"


class DeploymentState(StrEnum):
    """Where a deployment stands."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INACTIVE = "inactive"
    UNKNOWN = "unknown"


class RefKind(StrEnum):
    """What a reference claims."""

    #: the vendor itself or a closing keyword says that merging closes it.
    CLOSES = "closes"
    #: a key in a branch, title or commit: work on it.
    IMPLEMENTS = "implements"
    MENTIONS = "mentions"
    REVERTS = "reverts"
    #: the change waits for what is named.
    DEPENDS_ON = "depends_on"


class RefSource(StrEnum):
    """Where a reference stands, most trusted first."""

    DECLARED = "declared"
    BRANCH = "branch"
    TITLE = "title"
    BODY = "body"
    COMMIT = "commit"
