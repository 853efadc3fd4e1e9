"""What a form says of a value it cannot take: the reason and what to do instead, once for every field.

Django's own words name the fault only ("Enter a valid value."). They are replaced where Django keeps them, so
that no form has to remember it; a form that knows better still says so itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core import validators
from django.forms.formsets import BaseFormSet
from django.forms.models import ModelChoiceField, ModelMultipleChoiceField
from django.utils.translation import gettext_lazy as _

_GONE = _("“%(value)s” is not on the list, or not any more. Choose one that is shown.")

_OF_FIELDS: Mapping[type[forms.Field], Mapping[str, Any]] = {
    forms.Field: {"required": _("This is needed. Fill it in.")},
    forms.BooleanField: {"required": _("This is needed. Tick it to go on.")},
    forms.ChoiceField: {"required": _("This is needed. Choose one."), "invalid_choice": _GONE},
    forms.MultipleChoiceField: {
        "required": _("This is needed. Choose at least one."),
        "invalid_choice": _GONE,
    },
    ModelChoiceField: {
        "required": _("This is needed. Choose one."),
        "invalid_choice": _("This is not on the list, or not any more. Choose one that is shown."),
    },
    ModelMultipleChoiceField: {
        "required": _("This is needed. Choose at least one."),
        "invalid_choice": _GONE,
        "invalid_pk_value": _("“%(pk)s” is not on the list. Choose one that is shown."),
    },
    forms.DateField: {"invalid": _("This is not a day. Pick one, or write it like 2026-11-27.")},
    forms.DateTimeField: {"invalid": _("This is not a day and time. Write it like 2026-11-27 14:30.")},
    forms.IntegerField: {"invalid": _("This is not a whole number. Write it like 12.")},
    forms.DecimalField: {"invalid": _("This is not a number. Write it like 12.50.")},
    forms.FileField: {
        "required": _("A file is needed. Choose one."),
        "invalid": _("No file came. Choose it once more."),
        "missing": _("No file came. Choose it once more."),
        "empty": _("The file is empty. Export it again and choose the new one."),
    },
    forms.URLField: {
        "invalid": _("This is not the address of a page. Write it like https://example.com."),
    },
    forms.UUIDField: {"invalid": _("This is not an id. Copy it as it was shown.")},
}

_OF_VALIDATORS: Mapping[type, object] = {
    validators.EmailValidator: _("This is not an e-mail address. Write it like name@example.com."),
    validators.MaxLengthValidator: _(
        "This has %(show_value)d characters; at most %(limit_value)d fit. Shorten it."
    ),
    validators.MinLengthValidator: _(
        "This has %(show_value)d characters; at least %(limit_value)d are needed. Write more."
    ),
    validators.MaxValueValidator: _("%(show_value)s is too much. Enter %(limit_value)s or less."),
    validators.MinValueValidator: _("%(show_value)s is too little. Enter %(limit_value)s or more."),
}

_OF_FORMSETS: Mapping[str, Any] = {
    "missing_management_form": _("Part of the page did not arrive. Open it anew and enter this once more."),
    "too_many_forms": _("These are more lines than %(num)d. Take some out and enter them apart."),
}


def speak() -> None:
    """Put the words in place; called once, when the apps are ready."""
    for field, words in _OF_FIELDS.items():
        field.default_error_messages = {**field.__dict__.get("default_error_messages", {}), **words}
    for validator, word in _OF_VALIDATORS.items():
        validator.message = word  # type: ignore[attr-defined]
    BaseFormSet.default_error_messages = {**BaseFormSet.default_error_messages, **_OF_FORMSETS}
