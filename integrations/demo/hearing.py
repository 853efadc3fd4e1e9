"""What the demo's customers and colleagues said in a year, and what was improved because of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import structlog
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q

from core.errors import DomainError
from correspondence import links
from correspondence.models import Delivery, Message
from correspondence.operations import deliver
from customers.models import Contact, Customer
from disputes.models import Dispute
from disputes.operations import ask_how_it_went
from disputes.rules import UPHELD
from feedback import operations
from feedback.models import Answer, Cause, Improvement, Suggestion, Survey, Theme
from invoices.models import Invoice
from team.models import User

logger = structlog.get_logger(__name__)

SEED = "What was said"
_BY_PAGE, _TYPED, _ASKED = 40, 14, 8
# (score, words, theme, cause): what is said on the page of an invoice, most of it glad.
_SAID = (
    (5, "Clear at a glance, thank you.", "clear-invoices", ""),
    (5, "", "", ""),
    (4, "Good, and paid in two minutes.", "paying", ""),
    (
        2,
        "Our order number is missing again, so it waits with our purchasing.",
        "order-number",
        "order-number",
    ),
    (5, "Your colleague on the phone was kind and quick.", "friendly", ""),
    (4, "", "", ""),
    (3, "Right, but it came ten days after the end of the month.", "on-time", ""),
    (4, "The page with all open invoices helps us a lot.", "portal", ""),
    (1, "You billed the maintenance we cancelled in spring.", "corrections", "cancelled-service"),
    (5, "", "", ""),
    (2, "The agreed discount is not on it.", "prices", "discount"),
    (4, "Please also take direct debit.", "paying", ""),
    (3, "It took three mails to reach somebody.", "reachable", ""),
    (5, "No questions at all.", "clear-invoices", ""),
)
_TOLD = (
    ("nps", 9, "We would recommend you; the invoices are the least of our worries.", "clear-invoices"),
    ("nps", 6, "The service yes, the reminders no: the tone was too sharp.", "reminders"),
    ("ces", 6, "The correction was done within a day.", "corrections"),
    ("nps", 10, "", ""),
    ("ces", 3, "We had to send the delivery note twice.", "corrections"),
    ("nps", 8, "", ""),
    ("ces", 7, "One call and it was settled.", "reachable"),
)
# Whether the customer was right -> (score, words).
_AFTER = {
    True: (5, "Looked at within a day, and put right. Thank you."),
    False: (3, "A clear answer, even if it was not the one we hoped for."),
}
_BOX = (
    (False, "A list of customers who need an order number, before the bill run.", "taken",
     "Thank you! It is on the board as an improvement."),
    (True, "The meeting about old disputes could be half as long.", "looked_at", ""),
    (False, "Let us copy the answer of an inquiry into the next one.", "new", ""),
    (True, "Somebody should look at the sharp words of the third reminder.", "done",
     "Thank you. The words are softer since this month."),
    (False, "A dark mode for the bank page at night.", "declined",
     "Thank you; there is one, under your name."),
    (False, "Show on the worklist who spoke with the customer last.", "new", ""),
)  # fmt: skip


def hear(people: dict[str, User], now: datetime) -> None:
    """About sixty answers over a year with complaints, six suggestions, and improvements in every state."""
    chance = random.Random(SEED)  # noqa: S311 (a demo's figures)
    given = [*_on_pages(people["specialist"], chance, now), *_typed_in(people["collector"], chance, now)]
    _ask_after_disputes(now)
    _ask(chance, now)
    _fill_the_box(people, now)
    _improve(people["lead"], [one for one in given if one.score <= 2 and one.instrument == "csat"], now)


def _on_pages(clerk: User, chance: random.Random, now: datetime) -> Iterator[Answer]:
    """By the links of invoices, over the year; what is bad is sorted, and the newest of it a complaint."""
    issued = Invoice.objects.filter(
        document_type=Invoice.Type.INVOICE,
        document_status=Invoice.Status.ISSUED,
        snapshot__isnull=False,
        issued_at__lt=now - timedelta(days=2),
    ).select_related("customer", "entity", "policy_version__policy")
    ids = list(issued.order_by("issued_at", "pk").values_list("pk", flat=True))
    step = max(1, len(ids) // _BY_PAGE)
    invoice_mail = Q(
        about_type=ContentType.objects.get_for_model(Invoice), situation="invoice", link__isnull=False
    )
    for at, pk in enumerate(ids[::-1][::step][:_BY_PAGE]):
        invoice = issued.get(pk=pk)
        when = _within(invoice.issued_at, chance, now)
        score, words, theme, cause = _SAID[(at * 5) % len(_SAID)]
        mail = Message.objects.filter(invoice_mail, about_id=pk).select_related("link__contact").first()
        link = (mail and mail.link) or links.create_link(
            invoice, purpose=links.INVOICE, contact=_contact(invoice.customer), actor=None, now=when
        )
        try:
            answer = operations.give_answer(
                link, invoice, score=score, comment=words, is_complaint=score == 1 and at < 20, now=when
            )
        except DomainError as refusal:
            logger.info("demo_without", what="answer", why=str(refusal))
            continue
        _sort(answer, theme, cause, clerk, when + timedelta(hours=1))
        if answer.is_complaint and when < now - timedelta(days=3):
            operations.finish_complaint(
                answer, how="Called them; it is credited.", actor=clerk, now=when + timedelta(hours=20)
            )
        yield answer


def _typed_in(collector: User, chance: random.Random, now: datetime) -> Iterator[Answer]:
    customers = list(
        Customer.objects.filter(status=Customer.Status.ACTIVE).select_related("entity").order_by("pk")
    )
    for at in range(min(_TYPED, len(customers))):
        instrument, score, words, theme = _TOLD[at % len(_TOLD)]
        when = now - timedelta(days=at * 23 + chance.randrange(5), hours=3)
        answer = operations.enter_answer(
            customers[at * 7 % len(customers)],
            instrument=instrument,
            occasion="inquiry" if instrument == "ces" else "relation",
            score=score,
            comment=words,
            channel="phone" if at % 3 else "meeting",
            actor=collector,
            now=when,
        )
        _sort(answer, theme, "", collector, when)
        yield answer


def _ask(chance: random.Random, now: datetime) -> None:
    """Surveys of the last months: three of four are answered."""
    customers = (
        Customer.objects.filter(status=Customer.Status.ACTIVE).select_related("entity").order_by("-pk")
    )
    for at, customer in enumerate(customers[:_ASKED]):
        when = now - timedelta(days=at * 9 + 2, hours=2)
        try:
            survey = operations.ask_customer(
                customer,
                occasion="relation",
                subject=customer,
                label=customer.entity.name,
                instrument="csat" if at % 2 else "nps",
                actor=None,
                now=when,
            )
        except DomainError as refusal:
            logger.info("demo_without", what="survey", why=str(refusal))
            continue
        _send(survey, when)
        if at % 4 and survey.link is not None:
            score = chance.choice((4, 5)) if at % 2 else chance.choice((7, 9, 10))
            operations.give_answer(survey.link, survey, score=score, now=when + timedelta(hours=5))


def _ask_after_disputes(now: datetime) -> None:
    """What became of a dispute decides how glad they are; every third says nothing."""
    ended = Dispute.objects.filter(closed_at__lt=now - timedelta(hours=6)).order_by("closed_at", "pk")
    rows = ended.select_related("customer__entity", "entity", "invoice", "contact")
    for at, dispute in enumerate(rows):
        when = dispute.closed_at or now
        try:
            survey = ask_how_it_went(dispute, now=when + timedelta(minutes=10))
        except DomainError as refusal:
            logger.info("demo_without", what="survey", why=str(refusal))
            continue
        _send(survey, when + timedelta(minutes=11))
        if at % 3 < 2 and survey.link is not None:
            score, words = _AFTER[dispute.outcome in UPHELD]
            operations.give_answer(
                survey.link, survey, score=score, comment=words, now=when + timedelta(hours=5)
            )


def _send(survey: Survey, now: datetime) -> None:
    for pk in Delivery.objects.filter(message__link=survey.link).values_list("pk", flat=True):
        deliver(pk, now=now)


def _fill_the_box(people: dict[str, User], now: datetime) -> None:
    names = ("specialist", "collector", "specialist", "collector", "specialist", "collector")
    for at, ((anonymous, body, state, reply), who) in enumerate(zip(_BOX, names, strict=True)):
        row = operations.make_suggestion(
            body=body,
            once=f"{at:032x}",
            author=None if anonymous else people[who],
            on=(now - timedelta(days=at * 11 + 1)).date(),
        )
        if state != Suggestion.State.NEW:
            operations.answer_suggestion(row, state=state, reply=reply, actor=people["lead"], now=now)


def _improve(lead: User, poor: list[Answer], now: datetime) -> None:
    """One in each state; the measured one was told to its customers."""
    if not poor:
        return
    measured = _plan(
        "Order numbers are asked for before the bill run", poor[:3], "csat", lead, now - timedelta(days=80)
    )
    operations.start_improvement(measured, actor=lead, now=now - timedelta(days=78))
    operations.write_before(measured, Decimal("61.5"), now=now - timedelta(days=78))
    operations.close_improvement(measured, actor=lead, now=now - timedelta(days=45))
    operations.write_effect(measured, Decimal("74.0"), now=now - timedelta(days=15))
    told = operations.publish_improvement(
        measured,
        said="Your order number was missing on our invoices, and they waited with your purchasing.",
        did="Before each bill run we ask for it now. No invoice leaves without a number you need.",
        actor=lead,
        now=now - timedelta(days=14),
    )
    for one in told:
        for pk in Delivery.objects.filter(message=one.message_id or 0).values_list("pk", flat=True):
            deliver(pk, now=now - timedelta(days=14))
    closed = _plan("Softer words in the third reminder", poor[1:2], "nps", lead, now - timedelta(days=40))
    operations.start_improvement(closed, actor=lead, now=now - timedelta(days=38))
    operations.write_before(closed, Decimal("12.5"), now=now - timedelta(days=38))
    operations.close_improvement(closed, actor=lead, now=now - timedelta(days=9))
    doing = _plan(
        "Discounts of contracts are checked at the gate",
        poor[2:4] or poor,
        "complaints",
        lead,
        now - timedelta(days=12),
    )
    operations.start_improvement(doing, actor=lead, now=now - timedelta(days=10))
    cause = Cause.objects.get(code="attachment")
    _plan("Delivery notes go out with the invoice", [cause], "", lead, now - timedelta(days=3))
    dropped = _plan("A second hotline", poor[:1], "", lead, now - timedelta(days=60))
    operations.drop_improvement(
        dropped, why="The inbox answers within a day now", actor=lead, now=now - timedelta(days=30)
    )


def _plan(
    title: str, sources: list[Answer] | list[Cause], figure: str, lead: User, at: datetime
) -> Improvement:
    return operations.propose_improvement(
        title=title,
        action=f"{title}. Seen to be done when the team lead has looked at ten cases.",
        due_on=(at + timedelta(days=35)).date(),
        sources=sources,
        owner=lead,
        figure=figure,
        actor=lead,
        now=at,
    )


def _sort(answer: Answer, theme: str, cause: str, actor: User, when: datetime) -> None:
    if theme:
        operations.set_themes(answer, [Theme.objects.get(code=theme)], actor=actor, now=when)
    if cause:
        operations.set_cause(answer, Cause.objects.get(code=cause), actor=actor, now=when)


def _within(issued: datetime | None, chance: random.Random, now: datetime) -> datetime:
    begin = issued or now - timedelta(days=3)
    return min(
        begin + timedelta(days=chance.randrange(1, 9), hours=chance.randrange(3)), now - timedelta(hours=2)
    )


def _contact(customer: Customer) -> Contact | None:
    rows = customer.contacts.filter(is_active=True, purposes__contains=["billing"], no_surveys=None)
    return rows.order_by("pk").first()
