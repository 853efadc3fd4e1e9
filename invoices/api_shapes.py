"""What invoices look like in the API, coming in and going out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from catalogue.models import Item, TaxClass
from core.money import plain
from core.rest.fields import Amount, Choice, Day, Flag, Input, Text, UnitPrice, Whole, many
from invoices.models import Invoice
from invoices.operations import REASONS
from work.models import Approval
from work.queries import approvals_of

MOST_LINES = 1000
# What a caller writes; the other documents follow from these.
WRITTEN = [
    (kind.value, kind.label) for kind in (Invoice.Type.INVOICE, Invoice.Type.DEPOSIT, Invoice.Type.PROFORMA)
]


# --------------------------------------------------------------------------------------------- going out
class InvoiceOut(serializers.Serializer[Any]):
    """An invoice, credit note or debit note. Amounts stand at the exponent of the currency."""

    id = serializers.IntegerField()
    document_type = serializers.ChoiceField(Invoice.Type.choices)
    document_status = serializers.ChoiceField(Invoice.Status.choices)
    number = serializers.CharField(allow_null=True, help_text="Given at issue.")
    public_ref = serializers.CharField()
    external_id = serializers.SerializerMethodField()
    entity = serializers.CharField(source="entity.code")
    customer = serializers.IntegerField(source="customer_id")
    customer_name = serializers.CharField(source="customer.name")
    currency = serializers.CharField()
    issued_on = serializers.DateField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    po_number = serializers.CharField()
    net_total = Amount(currency="currency")
    tax_total = Amount(currency="currency")
    gross_total = Amount(currency="currency")
    rounding = Amount(currency="currency")
    prepaid = Amount(currency="currency", help_text="Deposits taken off, with their tax.")
    payable = Amount(currency="currency")
    balance = Amount(currency="currency", help_text="What is still owed; 0 until it is issued.")
    held_amount = Amount(currency="currency")
    settlement_status = serializers.ChoiceField(
        Invoice.Settlement.choices, allow_null=True, help_text="null until it is issued."
    )
    settled_on = serializers.DateField(allow_null=True)
    sending = serializers.ChoiceField(Invoice.Sending.choices)
    credits = serializers.IntegerField(
        source="credits_id", allow_null=True, help_text="Of a credit note: its invoice."
    )
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField()
    lock_version = serializers.IntegerField(help_text="Also in the ETag; send it back in If-Match.")

    def to_representation(self, instance: Invoice) -> dict[str, Any]:
        """What is owed and how it is settled begins with the issue, whatever a draft comes to."""
        shown: dict[str, Any] = super().to_representation(instance)
        if not instance.is_issued:
            shown |= {"balance": plain(Decimal(0), instance.currency), "settlement_status": None}
        return shown

    def get_external_id(self, invoice: Invoice) -> str:
        """The caller's own id, "" without one."""
        kind, _, rest = (invoice.import_key or "").partition(":")
        return rest.partition(":")[2] if kind == "api" else ""


class LineOut(serializers.Serializer[Any]):
    """A position of a document."""

    position = serializers.IntegerField()
    item = serializers.IntegerField(source="item_id", allow_null=True)
    description = serializers.CharField()
    detail = serializers.CharField()
    quantity = Amount()
    unit = serializers.CharField()
    unit_price = UnitPrice(currency="invoice.currency")
    base_quantity = Amount()
    discount_pct = Amount(allow_null=True)
    discount = Amount(currency="invoice.currency")
    net = Amount(currency="invoice.currency")
    taxable = Amount(currency="invoice.currency", help_text="Net less its share of the document discount.")
    tax_class = serializers.CharField()
    category = serializers.CharField()
    rate = Amount()
    tax = Amount(currency="invoice.currency")
    exemption_reason = serializers.CharField()
    vatex = serializers.CharField()
    hsn = serializers.CharField()
    period_from = serializers.DateField(allow_null=True)
    period_to = serializers.DateField(allow_null=True)


class TaxGroupOut(serializers.Serializer[Any]):
    """The tax of one category, rate and component."""

    category = serializers.CharField()
    rate = Amount()
    component = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    taxable = Amount(currency="invoice.currency")
    tax = Amount(currency="invoice.currency")
    tax_functional = Amount(currency="invoice.entity.functional_currency")
    reason = serializers.CharField()
    vatex = serializers.CharField()


class InstalmentOut(serializers.Serializer[Any]):
    """What falls due when. `open_item` is what payments are allocated to; it exists once issued."""

    number = serializers.IntegerField()
    due_on = serializers.DateField()
    amount = Amount(currency="invoice.currency")
    reason = serializers.CharField()
    open_item = serializers.IntegerField(source="open_item_id", allow_null=True)
    open_amount = Amount(
        source="open_item.open_amount", currency="invoice.currency", default=None, allow_null=True
    )


class ChargeOut(serializers.Serializer[Any]):
    """A charge on the whole document."""

    reason = serializers.CharField()
    amount = serializers.CharField()
    category = serializers.CharField()
    rate = serializers.CharField()


class DeductionOut(serializers.Serializer[Any]):
    """A deposit taken off, with its tax."""

    deposit = serializers.IntegerField(source="deposit_id")
    number = serializers.CharField(source="deposit.number")
    net = Amount(currency="invoice.currency")
    tax = Amount(currency="invoice.currency")
    released_by = serializers.IntegerField(
        source="released_by_id", allow_null=True, help_text="The credit note that gave it back."
    )


class FindingOut(serializers.Serializer[Any]):
    """One thing a check says."""

    rule = serializers.CharField()
    severity = serializers.ChoiceField([("block",) * 2, ("confirm",) * 2, ("warn",) * 2, ("info",) * 2])
    field = serializers.CharField()
    message = serializers.CharField()
    mend = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]


class ChecksOut(serializers.Serializer[Any]):
    """Everything the check says; empty means that nothing stops the document."""

    items = FindingOut(many=True)


class FlagOut(serializers.Serializer[Any]):
    """What is unusual; the approver confirms it by its key."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    before = serializers.CharField()
    value = serializers.CharField()
    why = serializers.CharField()


class ApprovalOut(serializers.Serializer[Any]):
    """The last question to a second person, and the answer."""

    state = serializers.ChoiceField(Approval.State.choices)
    kind = serializers.CharField()
    needed_role = serializers.CharField()
    automatic = serializers.BooleanField()
    flags = FlagOut(many=True)
    requested_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()


class InvoiceDetailOut(InvoiceOut):
    """A document with everything on it."""

    planned_on = serializers.DateField(allow_null=True)
    tax_point_on = serializers.DateField(allow_null=True)
    supply_from = serializers.DateField(allow_null=True)
    supply_to = serializers.DateField(allow_null=True)
    terms = serializers.CharField()
    language = serializers.CharField()
    buyer_reference = serializers.CharField()
    cost_centre = serializers.CharField()
    contract_reference = serializers.CharField()
    notes = serializers.CharField()
    policy_version = serializers.IntegerField(source="policy_version.number", default=None, allow_null=True)
    policy = serializers.CharField(source="policy_version.policy.code", default=None, allow_null=True)
    fx_rate = Amount()
    discount_pct = Amount(allow_null=True)
    discount_amount = Amount(currency="currency", allow_null=True)
    lines_total = Amount(currency="currency")
    allowance_total = Amount(currency="currency")
    charge_total = Amount(currency="currency")
    payable_functional = Amount(currency="entity.functional_currency")
    credit_reason_code = serializers.CharField()
    credit_reason = serializers.CharField()
    replaces = serializers.IntegerField(source="replaces_id", allow_null=True)
    made_from = serializers.IntegerField(
        source="made_from_id", allow_null=True, help_text="The pro-forma it was made of."
    )
    deductions = DeductionOut(many=True)
    texts = serializers.ListField(child=serializers.CharField(), help_text="Legal texts printed on it.")
    overrides = serializers.DictField(child=serializers.CharField())
    lines = LineOut(many=True)
    charges = ChargeOut(many=True)
    tax_groups = TaxGroupOut(many=True)
    instalments = InstalmentOut(many=True)
    checks = serializers.SerializerMethodField()
    approval = serializers.SerializerMethodField()

    @extend_schema_field(FindingOut(many=True))
    def get_checks(self, invoice: Invoice) -> list[dict[str, Any]]:
        """What the last check found."""
        return list(FindingOut([row for row in invoice.checks if "rule" in row], many=True).data)

    @extend_schema_field(ApprovalOut(allow_null=True))
    def get_approval(self, invoice: Invoice) -> dict[str, Any] | None:
        """The last question that is not void."""
        last = approvals_of(invoice).exclude(state=Approval.State.VOID).first()
        return dict(ApprovalOut(last).data) if last else None


class LinkOut(serializers.Serializer[Any]):
    """A customer's link to a document."""

    id = serializers.IntegerField()
    contact = serializers.CharField(source="contact.email", default=None, allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)
    opened = serializers.IntegerField()
    last_opened_at = serializers.DateTimeField(allow_null=True)


# --------------------------------------------------------------------------------------------- coming in
def _text(longest: int, **given: Any) -> Text:
    return Text(required=False, allow_blank=True, max_length=longest, **given)


class LineIn(Input):
    """A position. With `item`, whatever is left out is taken from the price list.

    Rate and category of the tax are no fields: they follow from seller, buyer, `tax_class` and day.
    """

    item = Text(required=False, max_length=30, help_text="Code of an item.")
    description = Text(required=False, max_length=300)
    quantity = Amount()
    unit_price = Amount(
        required=False, help_text="Before tax, for `base_quantity` units, with up to six decimals."
    )
    detail = _text(300)
    unit = _text(12)
    base_quantity = Amount(required=False)
    discount_pct = Amount(required=False, allow_null=True)
    tax_class = Choice(TaxClass.choices, required=False)
    kind = Choice(Item.Kind.choices, required=False)
    exemption_reason = _text(120)
    vatex = _text(30)
    hsn = _text(8)
    period_from = Day(required=False, allow_null=True)
    period_to = Day(required=False, allow_null=True)


class ChargeIn(Input):
    """A charge on the whole document, like freight."""

    reason = Text(max_length=120)
    amount = Amount()
    tax_class = Choice(TaxClass.choices, required=False)


class DraftEdit(Input):
    """Parts of a draft."""

    entity = Text(required=False, max_length=12, help_text="Code of the company; else the customer's own.")
    customer = Whole(required=False)
    lines = many(LineIn, required=False, least=1, most=MOST_LINES)
    charges = many(ChargeIn, required=False, most=50)
    currency = _text(3, help_text="Empty: the customer's.")
    terms = _text(60, help_text="Empty: the customer's or the policy's.")
    language = _text(5)
    planned_on = Day(required=False, allow_null=True, help_text="Day of issue if not today.")
    backdate_reason = _text(200)
    tax_point_on = Day(required=False, allow_null=True)
    supply_from = Day(required=False, allow_null=True)
    supply_to = Day(required=False, allow_null=True)
    po_number = _text(60)
    buyer_reference = _text(60)
    cost_centre = _text(60)
    contract_reference = _text(60)
    notes = _text(4000)
    discount_pct = Amount(required=False, allow_null=True)
    discount_amount = Amount(required=False, allow_null=True)
    discount_reason = _text(120)
    overrides = serializers.DictField(
        child=Text(max_length=300), required=False, help_text="Reason per rule id of a point to confirm."
    )
    expected_total = Amount(
        required=False, help_text="Refused when the document comes to another payable amount."
    )


class DraftPut(DraftEdit):
    """A whole draft."""

    lines = many(LineIn, least=1, most=MOST_LINES)


class DraftIn(DraftPut):
    """A new draft."""

    customer = Whole(help_text="Id of the customer.")
    document_type = Choice(
        WRITTEN,
        required=False,
        help_text="A pro-forma is booked nowhere; a deposit is taken off a later invoice.",
    )
    external_id = Text(
        required=False, max_length=60, help_text="Your id of what is billed; unique per company."
    )


class ApproveIn(Input):
    """A yes."""

    confirmed = serializers.ListField(
        child=Text(max_length=80), required=False, max_length=100, help_text="Keys of the flags looked at."
    )
    reason = _text(500)


class DepositsIn(Input):
    """Which deposits an invoice takes off: all of them, none when empty."""

    deposits = serializers.ListField(child=Whole(), max_length=100, help_text="Ids of deposit invoices.")


class GatherIn(Input):
    """Which drafts become one."""

    invoices = serializers.ListField(child=Whole(), min_length=2, max_length=200, help_text="Ids of drafts.")


class ReasonIn(Input):
    """Why."""

    reason = _text(500)


class SendIn(Input):
    """Whether the customer shall get once more what was sent."""

    again = Flag(required=False, default=False)


class CreditLineIn(Input):
    """How much of a line is credited."""

    position = Whole(min_value=-100, max_value=10_000)
    net = Amount()


class CreditIn(Input):
    """Why, and which lines; without lines everything that is left."""

    reason_code = Choice(list(REASONS.items()))
    reason = Text(max_length=300, help_text="The customer reads it.")
    lines = many(CreditLineIn, required=False, least=1, most=MOST_LINES)
