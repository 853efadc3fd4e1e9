"""Versioned, approved policies. The clauses of a payment policy are data that the engine executes."""

import pgtrigger
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q

from core.ranges import DateRange

PERSON = settings.AUTH_USER_MODEL


class Policy(models.Model):
    """A named policy, like 'Payment terms EU business'. Its text lives in versions."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=20, default="payment", choices=[("payment", "Payment policy")])
    owner = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    # The company whose customers are under this policy unless their segment or they themselves have another.
    default_for = models.OneToOneField(
        "entities.Entity", on_delete=models.PROTECT, null=True, blank=True, related_name="default_policy"
    )
    notice_days = models.PositiveSmallIntegerField(default=30)
    review_months = models.PositiveSmallIntegerField(default=12)

    class Meta:
        verbose_name_plural = "policies"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PolicyVersion(models.Model):
    """One text of a policy. Published once by another person than its author, then frozen."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        REVIEW = "review", "In review"
        APPROVED = "approved", "Approved"
        PUBLISHED = "published", "Published"
        SUPERSEDED = "superseded", "Superseded"

    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    clauses = models.JSONField(default=dict)
    change_note = models.CharField(max_length=500, blank=True, default="")
    effective_from = models.DateField(null=True, blank=True)
    effective_to = models.DateField(null=True, blank=True)
    review_due = models.DateField(null=True, blank=True)
    author = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    approver = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        PERSON, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True)
    text_hash = models.CharField(max_length=64, blank=True, default="")
    # The address of the public page; guessable on purpose of nobody, so a random reference.
    public_ref = models.CharField(max_length=32, unique=True)
    lock_version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["policy", "-number"]
        permissions = [
            ("write_policy", "Can draft policy versions"),
            ("approve_policy", "Can approve policy versions of others"),
            ("publish_policy", "Can publish approved policy versions"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["policy", "number"], name="a_policy_version_has_its_own_number"),
            models.CheckConstraint(
                condition=Q(approver__isnull=True) | ~Q(approver=F("author")),
                name="an_author_does_not_approve_their_own_policy",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["published", "superseded"])
                | (
                    Q(effective_from__isnull=False)
                    & Q(approver__isnull=False)
                    & Q(published_at__isnull=False)
                    & ~Q(text_hash="")
                ),
                name="a_published_policy_is_approved_dated_and_hashed",
            ),
            ExclusionConstraint(
                name="published_policy_versions_do_not_overlap",
                expressions=[
                    ("policy", RangeOperators.EQUAL),
                    (
                        DateRange("effective_from", "effective_to", models.Value("[]")),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(status__in=["published", "superseded"]),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="a_published_policy_is_frozen",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__status__in=["published", "superseded"])
                & (
                    pgtrigger.Q(old__clauses__df=pgtrigger.F("new__clauses"))
                    | pgtrigger.Q(old__text_hash__df=pgtrigger.F("new__text_hash"))
                    | pgtrigger.Q(old__effective_from__df=pgtrigger.F("new__effective_from"))
                    | pgtrigger.Q(old__number__df=pgtrigger.F("new__number"))
                    | pgtrigger.Q(old__public_ref__df=pgtrigger.F("new__public_ref"))
                    | pgtrigger.Q(old__policy_id__df=pgtrigger.F("new__policy_id"))
                    # Nor may it be taken back into a state in which the text could change.
                    | pgtrigger.Q(new__status__in=["draft", "review", "approved"])
                ),
            ),
            pgtrigger.Protect(
                name="a_published_policy_is_not_deleted",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__status__in=["published", "superseded"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.policy.name}, version {self.number}"


class Acknowledgement(models.Model):
    """Somebody confirmed to have read and understood one text, named by its hash."""

    version = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="acknowledgements")
    user = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="policy_acknowledgements")
    at = models.DateTimeField()
    text_hash = models.CharField(max_length=64)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["version", "user"], name="a_version_is_acknowledged_once_per_person"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} read {self.version}"
