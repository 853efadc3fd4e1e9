"""Reading the trail."""

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import QuerySet

from trail.models import Entry


def entries_of(subject: models.Model) -> QuerySet[Entry]:
    """Every act on this object, newest first, with its actor."""
    kind = ContentType.objects.get_for_model(type(subject))
    return Entry.objects.filter(content_type=kind, object_id=subject.pk).select_related("actor").order_by("-id")


def entries_of_customer(customer_id: int) -> QuerySet[Entry]:
    """Every act that touched this customer, newest first, with its actor."""
    return Entry.objects.filter(customer_key=customer_id).select_related("actor").order_by("-id")
