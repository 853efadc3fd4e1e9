"""From a frozen invoice snapshot to the strings its document prints. Pure: no settings, clock or I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from babel import Locale

from core import formatting
from core.money import exponent

from .labels import NO_TAX_REASON, Words
from .qr import NoPaymentCode, payment_code

Snapshot = Mapping[str, Any]

GST_COMPONENTS = ("CGST", "SGST", "UTGST", "IGST", "CESS")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_NOT_PRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Embeddings, overrides and isolates can make a printed name or account read differently from its bytes.
_BIDI_CONTROL = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
SMALL_LINE = 60
"""Characters of small print that surely fit on one line under a description."""
_ROUTING_LABEL = {"IN": "ifsc", "US": "routing_number", "GB": "sort_code"}


@dataclass(frozen=True)
class Row:
    """A label with its value; `strong` marks the sum."""

    label: str
    value: str
    strong: bool = False


@dataclass(frozen=True)
class Cell:
    """One figure of a line; `small` stands below it."""

    text: str
    small: str = ""


@dataclass(frozen=True)
class Line:
    """One billed line: what, the small print under it, and the figures under `LineTable.heads`."""

    what: str
    small: Sequence[str]
    cells: Sequence[Cell]


@dataclass(frozen=True)
class LineTable:
    """Heads are (css class, text), the first one for the description."""

    heads: Sequence[tuple[str, str]]
    lines: Sequence[Line]
    kind: str


@dataclass(frozen=True)
class Party:
    """A name, its address lines and the numbers that identify it."""

    name: str
    lines: Sequence[str]
    ids: Sequence[Row] = ()


@dataclass(frozen=True)
class DocumentView:
    """Everything the template prints, ready as text in the document's language."""

    language: str
    words: Words
    title: str
    number: str
    heading: str
    seller: Party
    seller_contact: str
    footer: str
    logo: str
    mark: str
    colour: str
    buyer: Party
    delivery: Sequence[str]
    facts: Sequence[Row]
    amount: str
    due: str
    early: str
    pays_for: str
    table: LineTable
    totals: Sequence[Row]
    tax_notes: Sequence[str]
    instalments: Sequence[tuple[str, str, str]]
    pay_title: str
    bank: Sequence[Row]
    pay_notes: Sequence[str]
    qr: str
    qr_label: str
    small_print: Sequence[str]
    policy: str
    policy_path: str
    notes: Sequence[str]
    issued_on: str
    watermark: str = ""
    qr_refused: str = field(default="", compare=False)


class _Writer:
    """The snapshot with the words and the locale it is written in."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.s = snapshot
        self.words = Words(str(snapshot.get("language") or "en"))
        self.seller: Mapping[str, Any] = snapshot["seller"]
        self.buyer: Mapping[str, Any] = snapshot["buyer"]
        self.currency = str(snapshot["currency"])
        self.locale = formatting.reader_locale(
            str(snapshot.get("language") or "en"), str(self.seller.get("country") or "")
        )
        self.is_credit = snapshot["document_type"] == "credit_note"

    def money(self, amount: str | Decimal, currency: str = "") -> str:
        return formatting.money(amount, currency or self.currency, self.locale)

    def figure(self, amount: str | Decimal) -> str:
        return formatting.number(amount, self.locale)

    def price(self, amount: str) -> str:
        """A unit price keeps the decimals it needs, and shows at least the currency's."""
        value = Decimal(amount).normalize()
        decimals = max(exponent(self.currency), -int(value.as_tuple().exponent))
        return formatting.number(value.quantize(Decimal(1).scaleb(-decimals)), self.locale)

    def day(self, iso: str) -> str:
        return formatting.long_date(date.fromisoformat(iso), self.locale)

    def weekday(self, iso: str) -> str:
        return formatting.weekday_date(date.fromisoformat(iso), self.locale)

    def period(self, start: str | None, end: str | None) -> str:
        if not (start or end):
            return ""
        first, last = date.fromisoformat(start or end or ""), date.fromisoformat(end or start or "")
        return formatting.period(first, last, self.locale)

    def say(self, key: str, **values: object) -> str:
        return self.words.say(key, **values)

    @property
    def is_gst(self) -> bool:
        groups = self.s.get("tax_groups") or ()
        return any(str(group.get("component") or "").upper() in GST_COMPONENTS for group in groups)

    @property
    def tax_name(self) -> str:
        """What the tax on this document is called: VAT, GST, or sales tax."""
        if self.is_gst or self.seller.get("country") in {"IN", "AU", "NZ", "SG"}:
            return self.words["GST"]
        return self.words["sales_tax" if self.seller.get("country") == "US" else "VAT"]

    def tax_label(self, group: Mapping[str, Any]) -> str:
        """The component or jurisdiction of a tax group: "CGST", "California state tax", "VAT"."""
        component = str(group.get("component") or "")
        if component:
            return component
        if self.seller.get("country") == "US" and group.get("label"):
            return str(group["label"])
        return self.tax_name

    def no_tax_reason(self, group: Mapping[str, Any]) -> str:
        """Why a group carries no tax, in words; "" when its category needs none."""
        category, reason = str(group.get("category") or ""), str(group.get("reason") or "")
        if category == "AE" and self.seller.get("country") == "GB":
            return self.words["reverse_charge_uk"]
        if category in NO_TAX_REASON:
            known = self.words[NO_TAX_REASON[category]]
            own = self.words.translated(reason)
            return own if category == "E" and reason else known
        return self.words.translated(reason)


def printable(text: object) -> str:
    """Text as it may stand on paper: no control characters, and no direction marks that could disguise it."""
    return _BIDI_CONTROL.sub("", _NOT_PRINTABLE.sub("", str(text)))


def clean(value: Any) -> Any:
    """The snapshot with every text in it printable."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {str(key): clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(item) for item in value]
    return value


def document_view(snapshot: Snapshot, *, watermark: str | None = None) -> DocumentView:
    """The view of one document. Raises KeyError on a snapshot that lacks a part it must have."""
    w = _Writer(clean(snapshot))
    kind = str(w.s["document_type"])
    heading = w.words["tax_invoice" if kind == "invoice" and w.is_gst else kind]
    number = str(w.s.get("number") or w.words["no_number"])
    qr, qr_label, refused = _payment_qr(w)
    payable = Decimal(w.s["totals"]["due"]) > 0 and not w.is_credit
    return DocumentView(
        language=w.words.language,
        words=w.words,
        title=f"{heading} {number}",
        number=number,
        heading=heading,
        seller=_seller(w),
        seller_contact=" · ".join(
            str(w.seller[key]) for key in ("email", "phone", "website") if w.seller.get(key)
        ),
        footer=_footer(w),
        logo=str(w.seller.get("logo") or ""),
        mark=(str(w.seller["name"]).strip() or "?")[0].upper(),
        colour=_colour(w.seller.get("colour")),
        buyer=_buyer(w),
        delivery=[str(line) for line in w.s.get("delivery_address") or () if line],
        facts=_facts(w),
        amount=w.money(w.s["totals"]["due"]),
        due=_due(w),
        early=_early_discount(w) if payable else "",
        pays_for=_pays_for(w) if payable else "",
        table=_gst_table(w) if w.is_gst else _table(w),
        totals=_totals(w),
        tax_notes=_tax_notes(w),
        instalments=_instalments(w),
        pay_title=w.words["bank_transfer"],
        bank=_bank(w) if payable else (),
        pay_notes=_pay_notes(w, payable=payable),
        qr=qr,
        qr_label=qr_label,
        small_print=_small_print(w),
        policy=_policy(w),
        policy_path=_web_address((w.s.get("policy") or {}).get("path")),
        notes=[line for line in str(w.s.get("notes") or "").splitlines() if line.strip()],
        issued_on=str(w.s["issued_on"] or ""),
        watermark=(w.words["draft"] if watermark.upper() == "DRAFT" else watermark) if watermark else "",
        qr_refused=refused,
    )


def _colour(value: object) -> str:
    return str(value) if isinstance(value, str) and _COLOUR.fullmatch(value) else "#4f46e5"


def _web_address(value: object) -> str:
    """An address a reader can click on; anything but http(s) is printed by nobody and linked nowhere."""
    text = str(value or "")
    return text if text.startswith(("https://", "http://")) else ""


def _ids(w: _Writer, party: Mapping[str, Any]) -> list[Row]:
    rows = []
    for tax_id in party.get("tax_ids") or ():
        scheme = str(tax_id.get("scheme") or "").upper()
        label = (
            w.words["vat_id"] if scheme in {"VAT", "EU_VAT", "EU-VAT"} else str(tax_id.get("label") or scheme)
        )
        rows.append(Row(label, str(tax_id["number"])))
    return rows


def _address(w: _Writer, party: Mapping[str, Any]) -> list[str]:
    lines = [str(line) for line in party.get("address") or () if line]
    code = str(party.get("country") or "")
    country = formatting.country_name(code, w.locale) if code else ""
    names = {country.casefold(), str(Locale("en").territories.get(code, "")).casefold(), code.casefold()}
    last_words = {word.strip().casefold() for line in lines[-1:] for word in (line, line.split(",")[-1])}
    if country and not names & last_words:
        lines.append(country)
    return lines


def _seller(w: _Writer) -> Party:
    return Party(
        str(w.seller.get("legal_name") or w.seller["name"]), _address(w, w.seller), _ids(w, w.seller)
    )


def _buyer(w: _Writer) -> Party:
    legal, name = str(w.buyer.get("legal_name") or ""), str(w.buyer["name"])
    lines = _address(w, w.buyer)
    if w.buyer.get("contact"):
        lines.insert(0, str(w.buyer["contact"]))
    return Party(legal or name, lines, _ids(w, w.buyer))


def _footer(w: _Writer) -> str:
    seller = _seller(w)
    ids = (f"{row.label} {row.value}" for row in seller.ids)
    return " · ".join([seller.name, ", ".join(seller.lines), *ids])


def _facts(w: _Writer) -> list[Row]:
    s, words = w.s, w.words
    credits_ = s.get("credits") or {}
    place = s.get("place_of_supply") or {}
    tax_point = s.get("tax_point_on")
    pairs = (
        ("issued", w.day(s["issued_on"]) if s.get("issued_on") else ""),
        ("tax_point", w.day(tax_point) if tax_point and tax_point != s.get("issued_on") else ""),
        ("supplied", w.period(s.get("supply_from"), s.get("supply_to"))),
        (
            "corrects",
            w.say("corrects_value", number=credits_["number"], date=w.day(credits_["issued_on"]))
            if credits_
            else "",
        ),
        ("reason", credits_.get("reason")),
        ("your_order", s.get("po_number")),
        ("your_reference", s.get("buyer_reference")),
        ("cost_centre", s.get("cost_centre")),
        ("contract", s.get("contract_reference")),
        ("customer_number", w.buyer.get("number")),
        ("place_of_supply", " ".join(str(place[key]) for key in ("state_code", "name") if place.get(key))),
        ("terms", "" if w.is_credit else terms_text(w.s, w.words)),
    )
    return [Row(words[key], str(value)) for key, value in pairs if value]


def terms_text(snapshot: Snapshot, words: Words) -> str:
    """The agreed terms in words: the text kept with the document, else the plain reading of "NET 30"."""
    terms = snapshot.get("terms") or {}
    text, expression = str(terms.get("text") or ""), str(terms.get("expression") or "")
    net = re.fullmatch(r"NET (\d+)", expression)
    return text or (words.say("days_net", days=net[1]) if net else expression)


def _due(w: _Writer) -> str:
    totals, parts = w.s["totals"], w.s.get("instalments") or ()
    if w.is_credit:
        return w.words["credited"]
    if w.s["document_type"] == "proforma":
        return w.words["not_payable"]
    if Decimal(totals["due"]) <= 0:
        return w.words["nothing_due"]
    if len(parts) > 1:
        return w.say("due_in_parts", count=len(parts), date=w.weekday(parts[0]["due_on"]))
    return w.say("due_on", date=w.weekday(w.s["due_on"])) if w.s.get("due_on") else terms_text(w.s, w.words)


def _early_discount(w: _Writer) -> str:
    offer = w.s.get("early_discount")
    if not offer:
        return ""
    return w.say(
        "early_discount",
        date=w.weekday(offer["until"]),
        amount=w.money(offer["amount_if_paid"]),
        pct=formatting.percent(offer["pct"], w.locale),
    )


def _pays_for(w: _Writer) -> str:
    lines: Sequence[Mapping[str, Any]] = w.s["lines"]
    if not lines:
        return ""
    biggest = max(lines, key=lambda line: Decimal(line["net"]))
    what, others = str(biggest["description"]), len(lines) - 1
    if others:
        what = w.say("and_more_one" if others == 1 else "and_more", what=what, count=others)
    when = w.period(w.s.get("supply_from"), w.s.get("supply_to"))
    return w.say("pays_for_period", what=what, period=when) if when else w.say("pays_for", what=what)


def _small(w: _Writer, line: Mapping[str, Any]) -> list[str]:
    """The grey lines under a description: detail, period, discount."""
    small = [part for part in str(line.get("detail") or "").splitlines() if part.strip()]
    when = w.period(line.get("period_from"), line.get("period_to"))
    small += [when] if when else []
    discount = Decimal(line.get("discount") or 0)
    if discount:
        pct = Decimal(line.get("discount_pct") or 0)
        shown = f"{formatting.percent(pct, w.locale)} ({w.figure(discount)})" if pct else w.figure(discount)
        small.append(w.say("line_discount", discount=shown))
    together = " · ".join(small)
    return [together] if 0 < len(together) <= SMALL_LINE else small


def _quantity(w: _Writer, line: Mapping[str, Any]) -> Cell:
    return Cell(f"{formatting.quantity(line['quantity'], w.locale)} {line.get('unit') or ''}".strip())


def _price(w: _Writer, line: Mapping[str, Any]) -> Cell:
    base = Decimal(line.get("base_quantity") or 1)
    per = w.say("price_per", quantity=formatting.quantity(base, w.locale)) if base != 1 else ""
    return Cell(w.price(line["unit_price"]), per)


def _table(w: _Writer) -> LineTable:
    by_line = w.s.get("tax_rounding") == "line"
    with_hsn = any(line.get("hsn") for line in w.s["lines"])
    lines = []
    for line in w.s["lines"]:
        shown_tax = w.figure(line["tax"]) if by_line and Decimal(line.get("tax") or 0) else ""
        cells = [
            *([Cell(str(line.get("hsn") or ""))] if with_hsn else []),
            _quantity(w, line),
            _price(w, line),
            Cell(formatting.percent(line["rate"], w.locale) if line.get("rate") else "", shown_tax),
            Cell(w.figure(line["net"])),
        ]
        lines.append(Line(str(line["description"]), _small(w, line), cells))
    words = w.words
    heads = [
        ("what", words["description"]),
        *([("hsn", words["hsn"])] if with_hsn else []),
        ("qty", words["quantity"]),
        ("price", words["price"]),
        ("rate", w.tax_name if w.seller.get("country") != "US" else words["tax"]),
        ("net", w.say("net_in", currency=w.currency)),
    ]
    return LineTable(heads, lines, "with-hsn" if with_hsn else "plain")


def _gst_table(w: _Writer) -> LineTable:
    """The columns of Rule 46: HSN, quantity, price, taxable value, and each tax with its rate and amount."""
    used = [
        name
        for name in GST_COMPONENTS
        if any(name in (line.get("components") or {}) for line in w.s["lines"])
    ]
    lines = []
    for line in w.s["lines"]:
        components = line.get("components") or {}
        halves = sum(1 for name in ("CGST", "SGST", "UTGST") if name in components)
        rate = Decimal(line.get("rate") or 0)
        taxes = []
        for name in used:
            if name not in components:
                taxes.append(Cell("–"))
                continue
            share = rate / 2 if halves == 2 and name in {"CGST", "SGST", "UTGST"} else rate
            percent = "" if name == "CESS" else formatting.percent(share, w.locale)
            taxes.append(Cell(w.figure(components[name]), percent))
        cells = [Cell(str(line.get("hsn") or "")), _quantity(w, line), _price(w, line)]
        cells += [Cell(w.figure(line["net"])), *taxes]
        lines.append(Line(str(line["description"]), _small(w, line), cells))
    words = w.words
    heads = [("what", words["description"]), ("hsn", words["hsn"]), ("qty", words["quantity"])]
    heads += [("price", words["price"]), ("net", w.say("net_in", currency=w.currency))]
    heads += [("tax", name) for name in used]
    return LineTable(heads, lines, f"gst gst-{len(used)}")


def _totals(w: _Writer) -> list[Row]:
    totals, words = w.s["totals"], w.words
    rows: list[Row] = []
    extras = [("allowance", -1, entry) for entry in w.s.get("allowances") or ()]
    extras += [("charge", 1, entry) for entry in w.s.get("charges") or ()]
    if extras:
        rows.append(Row(words["lines_total"], w.figure(totals["lines"])))
    for key, sign, entry in extras:
        rows.append(Row(str(entry.get("reason") or words[key]), w.figure(sign * Decimal(entry["amount"]))))
    rows.append(Row(words["net"], w.figure(totals["net"])))
    rows += [_tax_row(w, group) for group in w.s.get("tax_groups") or ()]
    closing = [
        ("prepaid", -Decimal(totals.get("prepaid") or 0)),
        ("rounding", Decimal(totals.get("rounding") or 0)),
    ]
    if any(amount for _, amount in closing):
        rows.append(Row(words["gross"], w.figure(totals["gross"])))
        rows += [Row(words[key], w.figure(amount)) for key, amount in closing if amount]
    final = words["total_credited" if w.is_credit else "total_due"]
    if w.s["document_type"] == "proforma":
        final = words["gross"]
    return [*rows, Row(final, w.money(totals["due"]), strong=True)]


def _tax_row(w: _Writer, group: Mapping[str, Any]) -> Row:
    taxable = w.figure(group["taxable"])
    if group.get("rate") in (None, "") or (not Decimal(group["rate"]) and group.get("category") != "Z"):
        label = w.say("tax_none_on", tax=w.tax_label(group), taxable=taxable)
    else:
        rate = formatting.percent(group["rate"], w.locale)
        label = w.say("tax_on", tax=w.tax_label(group), rate=rate, taxable=taxable)
    return Row(label, w.figure(group["tax"]))


def _tax_notes(w: _Writer) -> list[str]:
    """Why no tax is charged, the fixed texts of the tax rules, and the tax in the national currency."""
    notes = [w.no_tax_reason(group) for group in w.s.get("tax_groups") or ()]
    notes += [w.words.translated(str(text)) for text in w.s.get("texts") or ()]
    if w.s["document_type"] == "proforma":
        notes.append(w.words["proforma_note"])
    return [*_once(notes), *_functional_tax(w)]


def _functional_tax(w: _Writer) -> list[str]:
    rate = w.s.get("fx") or {}
    functional = str(rate.get("functional") or "")
    taxes = [Decimal(group.get("tax_functional") or 0) for group in w.s.get("tax_groups") or ()]
    if not functional or functional == w.currency or not any(taxes):
        return []
    label = w.say("tax_in", tax=w.tax_name, currency=functional)
    source = ", ".join(
        part
        for part in (str(rate.get("source") or ""), w.day(rate["rate_on"]) if rate.get("rate_on") else "")
        if part
    )
    exchange = w.say(
        "exchange",
        currency=w.currency,
        rate=formatting.quantity(rate["rate"], w.locale),
        functional=functional,
    )
    return [
        f"{label}: {w.money(sum(taxes, Decimal(0)), functional)} ({exchange}{'; ' + source if source else ''})"
    ]


def _instalments(w: _Writer) -> list[tuple[str, str, str]]:
    parts = w.s.get("instalments") or ()
    if len(parts) < 2 or w.is_credit:
        return []
    return [
        (
            w.say("instalment", n=part["n"], count=len(parts)),
            w.weekday(part["due_on"]),
            w.money(part["amount"]),
        )
        for part in parts
    ]


def _bank(w: _Writer) -> list[Row]:
    payment = w.s.get("payment") or {}
    bank, words = payment.get("bank") or {}, w.words
    routing = words[_ROUTING_LABEL.get(str(w.seller.get("country")), "bank_code")]
    pairs = (
        (words["holder"], bank.get("holder") if bank.get("holder") != _seller(w).name else ""),
        (words["bank"], bank.get("bank_name")),
        ("IBAN", grouped_iban(str(bank.get("iban") or ""))),
        ("BIC", bank.get("bic")),
        (words["account_number"], bank.get("account_number")),
        (routing, bank.get("routing")),
        (words["upi"], payment.get("upi_id")),
        (words["reference"], payment.get("reference") or w.s.get("number")),
    )
    rows = [Row(label, str(value)) for label, value in pairs if value]
    return rows if len(rows) > 1 else []


def grouped_iban(iban: str) -> str:
    """ "IE64 IRCE 9205 0112 3456 78": in fours, as people read it."""
    plain = iban.replace(" ", "")
    return " ".join(plain[at : at + 4] for at in range(0, len(plain), 4))


def _pay_notes(w: _Writer, *, payable: bool) -> list[str]:
    if w.is_credit:
        return [w.words["credit_how"]]
    methods = (w.s.get("payment") or {}).get("methods") or ()
    known = [w.words[name] for name in methods if name in OTHER_METHODS]
    return [w.say("other_methods", methods=formatting.join(known, w.locale))] if payable and known else []


OTHER_METHODS = frozenset({"direct_debit", "card", "cheque", "cash", "upi"})


def _payment_qr(w: _Writer) -> tuple[str, str, str]:
    """(image, its label, why there is none)."""
    try:
        code = payment_code(dict(w.s))
    except NoPaymentCode as refusal:
        return "", "", refusal.message
    label = w.say(f"qr_{code.kind}", amount=w.money(w.s["totals"]["due"]))
    return code.data_uri(scale=4, border=0), label, ""


def _small_print(w: _Writer) -> list[str]:
    policy = w.s.get("policy") or {}
    contact = " · ".join(str(w.seller[key]) for key in ("email", "phone") if w.seller.get(key))
    lines = [f"{w.words['ask']} {contact}"] if contact else []
    if policy.get("dispute_days") and lines:
        lines[0] += f". {w.say('dispute_days', days=policy['dispute_days'])}"
    late = "" if w.is_credit else late_interest(w)
    return [*lines, *([w.say("late_interest", text=late)] if late else [])]


def late_interest(w: _Writer) -> str:
    """The policy's clause on late payment: its text, or its rate and fixed sum put into words."""
    clause = (w.s.get("policy") or {}).get("late_interest")
    if not isinstance(clause, Mapping):
        return str(clause or "")
    if clause.get("text"):
        return str(clause["text"])
    rate = clause.get("annual_pct") or clause.get("rate_pct") or clause.get("rate")
    if not rate:
        return ""
    pct = formatting.percent(str(rate), w.locale)
    if Decimal(str(clause.get("fixed_sum") or 0)):
        amount = w.money(str(clause["fixed_sum"]), str(clause.get("currency") or w.currency))
        return w.say("late_rate_fixed", pct=pct, amount=amount)
    return w.say("late_rate", pct=pct)


def _policy(w: _Writer) -> str:
    policy = w.s.get("policy") or {}
    return w.say("policy", name=policy["name"], version=policy["version"]) if policy.get("name") else ""


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))
