"""Causes that feedback, disputes and audits share, themes of what is said, and the colleagues' box."""

import secrets

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

PERSON = settings.AUTH_USER_MODEL


class Cause(models.Model):
    """Why something goes wrong, as one list for disputes, answers and audit findings."""

    code = models.SlugField(max_length=30, unique=True)
    name = models.CharField(max_length=80)
    role = models.CharField(max_length=30, help_text="Whose work mends it")
    is_ours = models.BooleanField(default=True, help_text="Ours to mend, not the customer's")
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class Theme(models.Model):
    """What answers and suggestions are about."""

    code = models.SlugField(max_length=30, unique=True)
    name = models.CharField(max_length=80)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


def any_number() -> int:
    """A number that says nothing of when: one that counts would stand between two known times."""
    return secrets.randbelow(10**12) + 1


class Suggestion(models.Model):
    """What a colleague proposes. Anonymous: nothing says who, and of the time only the day is kept."""

    class State(models.TextChoices):
        NEW = "new", "New"
        LOOKED_AT = "looked_at", "Being looked at"
        TAKEN = "taken", "Will be done"
        DECLINED = "declined", "Not now"
        DONE = "done", "Done"

    id = models.BigIntegerField(primary_key=True, default=any_number, editable=False)
    body = models.TextField()
    is_anonymous = models.BooleanField(default=False)
    author = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="suggestions")
    made_on = models.DateField()
    # A random mark of the form: the same one is kept once. It says nothing of who sent it.
    once = models.CharField(max_length=32, unique=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.NEW)
    reply = models.TextField(blank=True, default="")
    replied_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, null=True, related_name="+")
    replied_at = models.DateTimeField(null=True)
    themes = models.ManyToManyField(Theme, related_name="suggestions")

    class Meta:
        ordering = ["-made_on", "-id"]
        default_permissions = ()
        permissions = [
            ("make_suggestion", "Can put suggestions into the box"),
            ("answer_suggestion", "Can answer suggestions and say what becomes of them"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_anonymous=True, author__isnull=True)
                | Q(is_anonymous=False, author__isnull=False),
                name="an_anonymous_suggestion_names_nobody",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["taken", "declined", "done"]) | ~Q(reply=""),
                name="a_decided_suggestion_has_a_reply",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="an_author_is_not_found_out_later",
                operation=pgtrigger.UpdateOf("author_id", "is_anonymous"),  # type: ignore[no-untyped-call]
            ),
            # An anonymous one has no entry on the trail that would show it was there.
            pgtrigger.Protect(name="what_is_in_the_box_stays", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"Suggestion {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("feedback:suggestion", args=[self.pk])

    @property
    def kind(self) -> str:
        """The colour of its pill."""
        return {"new": "info", "looked_at": "warn", "taken": "violet", "done": "ok"}.get(self.state, "")
