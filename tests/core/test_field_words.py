"""What forms say of values they cannot take: every message names the mend."""

from decimal import Decimal

import pytest
from django import forms

from core.fields import DayField, NumberField

CASES = [
    (forms.CharField(), "", "This is needed. Fill it in."),
    (forms.CharField(max_length=3), "abcd", "This has 4 characters; at most 3 fit. Shorten it."),
    (forms.CharField(min_length=3), "a", "This has 1 characters; at least 3 are needed. Write more."),
    (forms.EmailField(), "abc", "This is not an e-mail address. Write it like name@example.com."),
    (forms.URLField(assume_scheme="https"), "a b", "Write it like https://example.com."),
    (forms.IntegerField(min_value=1), "0", "0 is too little. Enter 1 or more."),
    (forms.IntegerField(max_value=60), "61", "61 is too much. Enter 60 or less."),
    (forms.IntegerField(), "x", "This is not a whole number. Write it like 12."),
    (forms.ChoiceField(choices=[("a", "A")]), "b", "“b” is not on the list, or not any more."),
    (forms.MultipleChoiceField(choices=[("a", "A")]), [], "Choose at least one."),
    (forms.BooleanField(), "", "Tick it to go on."),
    (DayField(), "2026-13-01", "This is not a day. Pick one"),
    (NumberField(maximum=Decimal(100)), "101", "101 is too much. Enter 100 or less."),
    (NumberField(minimum=Decimal(0), least=2), "-5", "-5.00 is too little. Enter 0.00 or more."),
    (NumberField(), "9" * 16, "more than fifteen digits"),
]


@pytest.mark.parametrize(("field", "typed", "said"), CASES)
def test_a_field_says_what_is_wrong_and_what_to_do(field, typed, said):
    with pytest.raises(forms.ValidationError) as fault:
        field.clean(typed)

    assert said in " ".join(fault.value.messages)


def test_too_many_lines_are_told_in_words_of_the_business():
    class Line(forms.Form):
        text = forms.CharField()

    lines = forms.formset_factory(Line, max_num=1, absolute_max=2, validate_max=True)
    sent = {"form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "0", "form-0-text": "a", "form-1-text": "b"}

    assert "more lines than 1" in str(lines(sent).non_form_errors())
    assert "Open it anew" in str(lines({}).non_form_errors())
