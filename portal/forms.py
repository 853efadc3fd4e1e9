"""What a customer's page sends: cleaned values, nothing written."""

import secrets

from django import forms

from core.fields import DayField
from portal.words import LANGUAGES

MOST_WORDS = 5_000
MOST_DAYS = 60
"""So far ahead a customer may promise; what is beyond the rule of promises waits for approval."""


class WordsField(forms.CharField):
    """A text of several lines, counted as the page counts it: a browser sends each line break as two."""

    def to_python(self, value: object) -> str:
        """The text with plain line breaks."""
        return str(super().to_python(value)).replace("\r\n", "\n")


class PromiseForm(forms.Form):
    """The day the money comes."""

    day = DayField()


class QuestionForm(forms.Form):
    """What somebody wants to know, about which line, and what makes this sending one."""

    body = WordsField(max_length=MOST_WORDS)
    line = forms.IntegerField(required=False, min_value=1, max_value=100_000)
    once = forms.RegexField(r"^[0-9a-f]{32}$")


def new_mark() -> str:
    """What a form carries so that sending it twice is sending it once."""
    return secrets.token_hex(16)


class AnswerForm(forms.Form):
    """What a contact writes on in a conversation."""

    body = WordsField(max_length=MOST_WORDS, required=False)
    once = forms.RegexField(r"^[0-9a-f]{32}$")


class RateForm(forms.Form):
    """A score, and perhaps words, the line they are about, and whether somebody is to answer."""

    score = forms.IntegerField(min_value=0, max_value=10)
    comment = WordsField(max_length=2_000, required=False)
    complaint = forms.BooleanField(required=False)
    line = forms.IntegerField(required=False, min_value=1, max_value=100_000)


class EmailForm(forms.Form):
    """One address."""

    email = forms.EmailField(max_length=254)


class PreferencesForm(forms.Form):
    """How we write to a contact."""

    language = forms.ChoiceField(choices=[("", ""), *LANGUAGES.items()], required=False)
    channel = forms.ChoiceField(choices=[("email", "email"), ("letter", "letter")])
    opens = forms.BooleanField(required=False)
    no_surveys = forms.BooleanField(required=False)


class PersonForm(forms.Form):
    """What a contact may change at once."""

    name = forms.CharField(max_length=120)
    phone = forms.CharField(max_length=40, required=False)
    role = forms.CharField(max_length=80, required=False)


class StatementForm(forms.Form):
    """Company and currency of an account."""

    account = forms.CharField(max_length=40)
