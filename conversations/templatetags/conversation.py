"""`{% conversation record %}`: the card of what was said and noted about a record, loaded after the page."""

from __future__ import annotations

from typing import Any

from django import template
from django.db import models
from django.template import Context

from conversations import queries

register = template.Library()


@register.inclusion_tag("conversations/_load.html", takes_context=True)
def conversation(context: Context, about: models.Model) -> dict[str, Any]:
    """The place of the card. Nothing for people who may read neither inquiries nor notes.

    It is loaded apart, so that a long conversation never makes its record's page slow.
    """
    user = context["request"].user
    return {"about": about, "kind": queries.kind_of(about).model, "show": queries.may_read_about(user)}
