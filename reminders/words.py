"""The rules by which a reminder is sent or not, in words. Their ids are stored, so they never change.

Order matters: the first stop that holds is the one named.
"""

from collections.abc import Mapping

SENT = "due"

# Why an item is not reminded on a day, strongest first.
STOPS: Mapping[str, str] = {
    "insolvent": "The customer is insolvent: only the legal route is left.",
    "deceased": "The customer has died.",
    "agency": "It is with an agency.",
    "plan": "A payment plan is being kept.",
    "promise": "The customer has promised to pay.",
    "paused": "Reminders were paused by hand.",
    "not_reminded": "It was agreed that this customer is not reminded.",
    "no_ladder": "Its payment policy has no reminder steps.",
    "disputed": "All that is open is disputed or held.",
    "small_balance": "What is open is below the least amount worth a reminder.",
    "cash_waits": "Money of the customer waits to be applied and would cover it.",
    "credit_waits": "A credit note for it waits for approval.",
    "no_calendar": "The public holidays of that year are not known, so no working day is.",
}
# Why nothing is sent on a day although nothing stops it.
WAITS: Mapping[str, str] = {
    "no_step": "No step is due today.",
    "too_soon": "The customer was written to less than the least gap ago.",
    "time_to_answer": "The customer has time to answer the last step before a firmer one.",
    "day_off": "It is a day off where the customer is.",
    "ladder_done": "All steps were taken; a colleague decides.",
}
# Why something decided was not sent after all.
DROPS: Mapping[str, str] = {
    "paid": "It was settled before the message left.",
    "changed": "What is asked for changed before the message left.",
    "moved": "Its due date was moved; the step comes on its new day.",
    "late": "It could not be sent on its day; the next day decided again.",
    "no_contact": "The customer has no contact that may be written to.",
    "no_text": "No message text is in use for it.",
    "not_handed_over": "The mail could not be handed over.",
    "came_back": "The mail came back, and nobody else can be reached.",
    "by_hand": "A colleague stopped the message.",
}
# Why the work of a step ended by itself, where no stop did it.
CLOSED: Mapping[str, str] = {
    "settled": "It is settled: paid or credited.",
    "overtaken": "A later step was taken.",
}
RULES: Mapping[str, str] = {SENT: "The step is due and nothing stands against it.", **STOPS, **WAITS, **DROPS}


def in_words(rule: str) -> str:
    """The rule as a sentence."""
    return RULES[rule]


def step_name(step: int) -> str:
    """A step as people say it: "5 days before", "on the due day", "10 days after"."""
    if step == 0:
        return "on the due day"
    days = "1 day" if abs(step) == 1 else f"{abs(step)} days"
    return f"{days} before" if step < 0 else f"{days} after"
