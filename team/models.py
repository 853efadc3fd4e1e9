"""People, what they may do and up to which amount, and the keys of integrations."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from core.ranges import DateRange


class PeopleManager(UserManager["User"]):
    """Django's own user manager for a user without a username."""

    def create_superuser(  # type: ignore[override]
        self, email: str, password: str | None = None, **fields: object
    ) -> "User":
        return self._create(email, password, is_staff=True, is_superuser=True, **fields)

    def create_user(  # type: ignore[override]
        self, email: str, password: str | None = None, **fields: object
    ) -> "User":
        return self._create(email, password, **fields)

    def _create(self, email: str, password: str | None, **fields: object) -> "User":
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractUser):
    """Somebody who signs in. Deactivated when they leave, never deleted: the trail names them."""

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(unique=True, error_messages={"unique": "Somebody already uses this address."})
    name = models.CharField(max_length=120)
    # A machine account acts through API keys only and cannot sign in on the screen.
    is_machine = models.BooleanField(default=False)
    language = models.CharField(
        max_length=12, default="en", help_text="Locale of numbers and dates, like en-GB"
    )
    time_zone = models.CharField(max_length=40, default="UTC")
    keyboard_shortcuts = models.BooleanField(default=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = PeopleManager()  # type: ignore[misc]

    class Meta:
        ordering = ["name"]
        permissions = [("manage_people", "Can manage people, roles and approval limits")]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="an_address_belongs_to_one_person"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def initials(self) -> str:
        parts = self.name.split() or [self.email]
        return (parts[0][:1] + (parts[-1][:1] if len(parts) > 1 else "")).upper()


class ApprovalLimit(models.Model):
    """Up to which amount a role approves a kind of document. No limit means any amount.

    Amounts are in the functional currency of the selling entity, absolute and inclusive.
    """

    kind = models.CharField(max_length=30)
    role = models.CharField(max_length=30)
    rank = models.PositiveSmallIntegerField(help_text="Lowest sufficient rank decides")
    limit = models.DecimalField(max_digits=19, decimal_places=4, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, default="")

    class Meta:
        ordering = ["kind", "rank"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "role", "currency"], name="a_role_has_one_limit_per_kind_and_currency"
            ),
            models.CheckConstraint(
                condition=Q(limit__isnull=True) | Q(limit__gte=0), name="a_limit_is_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.role} {self.limit if self.limit is not None else 'any'}"


class APIKey(models.Model):
    """A credential of an integration: shown once, kept as a hash, scoped and expiring."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    key_hash = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=60))
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API key"
        ordering = ["-created_at"]
        permissions = [("manage_keys", "Can create and revoke API keys")]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="an_api_key_expires")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class IdempotentRequest(models.Model):
    """The answer to a POST with an Idempotency-Key, kept to give the same answer again."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    method_and_path = models.CharField(max_length=300)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="an_idempotency_key_is_used_once_per_user")
        ]

    def __str__(self) -> str:
        return self.key


class SavedView(models.Model):
    """A named filter of a list, private or shared with the team."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500)
    shared = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "page", "name"], name="a_saved_view_has_one_name_per_page"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Absence(models.Model):
    """Somebody is away for whole days, the first and the last included, and who stands in for them.

    The deputy works with their own roles and limits: an absence gives nobody a right.
    """

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="absences")
    deputy = models.ForeignKey(User, on_delete=models.PROTECT, related_name="deputises")
    first_on = models.DateField()
    last_on = models.DateField()
    note = models.CharField(max_length=200, blank=True, default="")
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    entered_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-first_on", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(last_on__gte=F("first_on")), name="an_absence_ends_after_it_begins"
            ),
            models.CheckConstraint(condition=~Q(person=F("deputy")), name="nobody_is_their_own_deputy"),
            ExclusionConstraint(
                name="a_person_is_absent_once_at_a_time",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    (DateRange("first_on", "last_on", models.Value("[]")), RangeOperators.OVERLAPS),
                ],
                condition=Q(cancelled_at__isnull=True),
            ),
        ]
        indexes = [models.Index(fields=["deputy", "last_on"], name="absence_of_deputy")]

    def __str__(self) -> str:
        return f"{self.person} {self.first_on:%d %b} to {self.last_on:%d %b}"
