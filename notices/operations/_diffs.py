"""What changed, for notices that must be read: [[what, before, after], ...]."""

from datetime import date

from django.db import models

from core.dates import in_words
from correspondence.models import Template
from customers import rules as customers
from customers.models import BillingRequirement
from notices.rules import Diff, text_diff
from policies import rules as policies
from policies.models import PolicyVersion
from policies.queries import PUBLISHED, clauses_of
from trail.models import Entry
from trail.queries import changes_of

_FIELDS = {
    "kind": "Requirement",
    "severity": "Severity",
    "parameters": "Details",
    "level": "Holds for",
    "valid_from": "From",
    "valid_to": "Last day",
    "source": "Source",
    "note": "Note",
    "reason": "Reason",
}


def diff_of(entry: Entry, subject: models.Model | None) -> Diff:
    """Clause by clause for a policy, paragraph by paragraph for a text, field by field for the rest."""
    if isinstance(subject, PolicyVersion):
        return _policy(subject)
    if isinstance(subject, Template):
        return _template(subject)
    if isinstance(subject, BillingRequirement):
        return _requirement(entry, subject)
    return [
        [name.replace("_", " ").capitalize(), _shown(old), _shown(new)]
        for name, old, new in changes_of(entry)
    ]


def _requirement(entry: Entry, requirement: BillingRequirement) -> Diff:
    """Field by field in words; what only counts versions is left out."""
    found = []
    kind = customers.REQUIREMENT_KINDS.get(requirement.kind)
    for name, old, new in changes_of(entry):
        if name == "parameters" and new.startswith("{"):  # those of a new one stand there as data
            words = customers.in_words(kind.parameters, requirement.parameters) if kind else ""
        else:
            words = _value(name, new)
        if name in _FIELDS and _value(name, old) != words:
            found.append([_FIELDS[name], _value(name, old), words])
    return found


def _value(name: str, text: str) -> str:
    if name == "kind" and text in customers.REQUIREMENT_KINDS:
        return customers.REQUIREMENT_KINDS[text].label
    if name == "severity" and text in BillingRequirement.Severity.values:
        return str(BillingRequirement.Severity(text).label)
    if name in {"valid_from", "valid_to"} and _shown(text):
        return in_words(date.fromisoformat(text))
    return _shown(text)


def _shown(text: str) -> str:
    """The empty values of the trail as nothing."""
    return "" if text in {"None", "[]", "{}"} else text


def _policy(version: PolicyVersion) -> Diff:
    before = (
        PolicyVersion.objects.filter(
            policy=version.policy_id, status__in=PUBLISHED, effective_from__lt=version.effective_from
        )
        .order_by("-effective_from")
        .first()
    )
    if before is None:
        return []
    changes = policies.diff(clauses_of(before), clauses_of(version))
    return [[change.title, change.before, change.after] for change in changes]


def _template(template: Template) -> Diff:
    before = (
        Template.objects.filter(
            situation=template.situation,
            language=template.language,
            channel=template.channel,
            version__lt=template.version,
        )
        .exclude(status=Template.Status.DRAFT)
        .order_by("-version")
        .first()
    )
    if before is None:
        return [["Subject", "", template.subject]]
    return text_diff(before.subject, template.subject, "Subject") + text_diff(
        before.body, template.body, "Text"
    )
