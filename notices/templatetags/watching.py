"""`{% watch record %}`: the button that watches a record, loaded after the page."""

from __future__ import annotations

from typing import Any

from django import template
from django.db import models
from django.template import Context

from notices import queries

register = template.Library()


@register.inclusion_tag("notices/_watch_load.html", takes_context=True)
def watch(context: Context, subject: models.Model) -> dict[str, Any]:
    """The place of the button, at no query; nothing for who may not see such records."""
    kind = queries.kind_of(subject)
    right = queries.WATCHABLE[kind][0]
    return {"pk": subject.pk, "kind": kind, "show": context["request"].user.has_perm(right)}
