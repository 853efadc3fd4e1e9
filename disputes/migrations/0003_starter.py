"""The escalation matrix and the playbooks we start with. People change them on their pages."""

from datetime import UTC, datetime

from django.db import migrations

# (level, role, counted from, business hours, from this amount on)
MATRIX = (
    (2, "lead", "breach", 0, 0),
    (3, "controller", "breach", 16, 0),
    (3, "controller", "breach", 4, 50_000),
    (4, "director", "breach", 40, 0),
)

_LOOK = ("Read what the customer says and their files.",)
_END = ("Write the answer: name the concern, say what happens next and when.",)
_RIGHT = (
    "Thank you for telling us, and I am sorry for the trouble. I have looked at it with you in mind: … "
    "By … you have a corrected document, and nothing of it is asked for until then."
)
_WRONG = (
    "I understand that this is not what you expected. Here is what we found and where it comes from: … "
    "If you see it differently, tell me which part; I look at it again myself."
)
_SORRY = (_RIGHT, _WRONG)
# reason -> (steps, questions, whom to ask)
PLAYBOOKS = {
    "PRC": (
        (
            "Compare the price with the contract in force on the day of supply.",
            "Ask sales for a promised price.",
        ),
        ("Which price did you expect, and from which document?",),
        "Sales",
    ),
    "QTY": (
        ("Compare the quantity with the signed delivery note.", "Ask logistics for the log of the run."),
        ("How many arrived, and on which day?", "Is there a note on the delivery slip?"),
        "Logistics",
    ),
    "QLT": (
        ("Ask for a photo or a report of the fault.", "Ask delivery whether it can be made good."),
        ("What does not work, and since when?", "Would a repair or a second visit help?"),
        "Delivery",
    ),
    "NDL": (
        ("Find the proof of delivery and its signature.", "Ask logistics where it is."),
        ("Which delivery address did you expect?",),
        "Logistics",
    ),
    "DUP": (
        ("Look for the other invoice: same order, period and amount.", "See whether one was paid already."),
        ("Which invoice do you have already?",),
        "Billing",
    ),
    "TAX": (
        (
            "Check the tax number on the day of supply and the exemption.",
            "Ask tax before anything is changed.",
        ),
        ("Which tax treatment do you expect, and why?", "Can you send the certificate?"),
        "Tax",
    ),
    "PON": (
        ("Look for the order number in contract and mails.", "Credit and bill again with the number."),
        ("Which order number belongs on the invoice?", "Should it stand on every invoice?"),
        "Billing",
    ),
    "ADR": (
        ("Compare the name with the contract and the register.", "Correct the customer's data first."),
        ("Which company and address should be billed?",),
        "Master data",
    ),
    "TRM": (
        ("Compare the terms with the contract and the policy in force.", "Ask sales what was agreed."),
        ("Which terms did you agree on, and with whom?",),
        "Sales",
    ),
    "DSC": (
        ("Look for the discount in contract, quote and mails.", "Ask sales what was promised."),
        ("Which discount did you expect, and from whom?",),
        "Sales",
    ),
    "CLC": (
        (
            "Recalculate the lines: quantity, price, discount, tax.",
            "See whether other invoices have the same fault.",
        ),
        ("Which amount do you get?",),
        "Billing",
    ),
    "UAP": (
        ("Look for the payment among unapplied and unidentified receipts.", "Apply it to the invoice."),
        ("When and from which account was it paid?", "Which reference did you give?"),
        "Cash application",
    ),
    "DOC": (
        ("Find the document and send it with the answer.", "Note whether it must go with every invoice."),
        ("Which document do you need, and in which form?",),
        "Billing",
    ),
    "CAN": (
        ("Find the notice and the day it came.", "Compare it with the notice period of the contract."),
        ("When and to whom did you give notice?",),
        "Account manager",
    ),
    "FRD": (
        (
            "Tell the controller at once; change no bank data.",
            "Secure mails and documents.",
            "Ask a legal adviser.",
        ),
        ("What made you suspicious, and when?",),
        "Legal adviser",
    ),
    "OTH": (
        ("Find out what it is about; give it its real reason if there is one.",),
        ("What would solve it for you?",),
        "Team lead",
    ),
}


def forward(apps, schema_editor):
    del schema_editor
    step = apps.get_model("disputes", "MatrixStep")
    book = apps.get_model("disputes", "Playbook")
    for level, role, counted_from, hours, at_least in MATRIX:
        step.objects.create(
            level=level, role=role, counted_from=counted_from, hours=hours, at_least=at_least, reasons=[]
        )
    for reason, (steps, questions, consults) in PLAYBOOKS.items():
        book.objects.create(
            reason=reason,
            version=1,
            steps=[*_LOOK, *steps, *_END],
            questions=list(questions),
            replies=list(_SORRY),
            consults=consults,
            is_current=True,
            published_at=datetime(2026, 1, 1, tzinfo=UTC),
        )


class Migration(migrations.Migration):
    dependencies = [("disputes", "0002_integrity")]

    operations = [migrations.RunPython(forward, migrations.RunPython.noop)]
