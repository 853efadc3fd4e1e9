"""The messages of one day: written for many customers, queued together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from operator import attrgetter

from core.rows import rows_of, run_values
from correspondence.links import OVERVIEW, OVERVIEW_DAYS, new_link, save_links
from correspondence.models import Channel, PublicLink
from correspondence.operations import Draft, Order, Texts, draft_message, queue_drafts
from customers.models import Contact, Customer
from customers.queries import billing_profile
from entities.models import Entity
from reminders.composing import Asked, Composer, headline, recipients_of
from reminders.models import Digest, Reminder
from reminders.operations._marks import drop

State = Reminder.State


class Letters:
    """What is to be written to customers of one company on a day.

    A digest is one message to each contact it is for, in their language, and opens that contact's own page,
    where every open item of the customer is reached. A letter is one, for the attention of the first.
    """

    def __init__(self, entity: Entity, day: date, now: datetime, customers: Sequence[Customer]) -> None:
        """Reads the contacts of all of them."""
        self._entity, self._day, self._now = entity, day, now
        self._composer, self._texts = Composer(entity, day), Texts(now=now)
        self._contacts: dict[int, list[Contact]] = {one.pk: [] for one in customers}
        for contact in rows_of(Contact, "customer_id", [one.pk for one in customers]):
            if contact.is_active:
                self._contacts[contact.customer_id].append(contact)
        self._written: list[tuple[Digest, Sequence[Asked], list[Draft]]] = []

    def add(self, customer: Customer, said: Sequence[Asked]) -> None:
        """Write to the customer about all of it. Raises what refuses a message; then nothing is added."""
        if not said:
            return
        head = headline(said)
        digest = Digest(entity=self._entity, customer=customer, on=self._day, written_at=self._now, **head)
        drafts = [
            draft_message(order, self._texts, actor=None, now=self._now)
            for order in self._orders(digest, customer, said)
        ]
        self._written.append((digest, said, drafts))

    def _orders(self, digest: Digest, customer: Customer, said: Sequence[Asked]) -> Iterator[Order]:
        named = sorted({name for one in said for name in one.reminder.recipients})
        contacts = [choice.contact for choice in recipients_of(self._contacts[customer.pk], named)]
        usual = billing_profile(customer, self._entity, self._day).language
        variables = self._composer.variables_of(said, customer)
        is_letter = digest.channel == "post"
        for group in [contacts] if is_letter or not contacts else [[one] for one in contacts]:
            yield Order(
                situation=digest.situation,
                about=digest,
                customer=customer,
                entity=self._entity,
                language=(group[0].language if group else "") or usual,
                variables=variables,
                contacts=group,
                link=None if is_letter or not group else self._link(customer, group[0]),
                tone=digest.tone,
                channel=Channel.LETTER if is_letter else Channel.EMAIL,
            )

    def _link(self, customer: Customer, contact: Contact) -> PublicLink:
        return new_link(
            customer, purpose=OVERVIEW, contact=contact, actor=None, now=self._now, days=OVERVIEW_DAYS
        )

    def queue(self) -> list[Digest]:
        """Put all of it into the outbox, and claim its rows; returns the digests.

        Who has a message of this day already gets no second one: what came later waits for its own day.
        """
        _save([digest for digest, _, _ in self._written])
        drafts: list[Draft] = []
        for digest, said, theirs in self._written:
            for one in said:
                if digest.pk:
                    one.reminder.digest, one.reminder.state = digest, State.WRITTEN
                else:
                    drop(one.reminder, "too_soon")
            drafts += theirs if digest.pk else []
        links = [(draft.message.link, draft.message.customer) for draft in drafts if draft.message.link]
        save_links(links, actor=None, now=self._now)
        queue_drafts(drafts, actor=None, now=self._now)
        return [digest for digest, _, _ in self._written if digest.pk]


_ONCE_A_DAY = """
INSERT INTO reminders_digest (entity_id, customer_id, "on", tone, channel, situation, written_at) VALUES %s
ON CONFLICT (entity_id, customer_id, "on") WHERE stopped_at IS NULL DO NOTHING RETURNING customer_id, id
"""


def _save(digests: Sequence[Digest]) -> None:
    """Give each digest its key, but none whose customer has one of this day."""
    columns = attrgetter("entity_id", "customer_id", "on", "tone", "channel", "situation", "written_at")
    keys = dict(run_values(_ONCE_A_DAY, [columns(one) for one in digests], fetch=True)) if digests else {}
    for digest in digests:
        digest.pk = keys.get(digest.customer_id)
        digest._state.adding = digest.pk is None
