"""From a frozen invoice snapshot to the strings its document prints. Pure: no settings, clock or I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from babel import Locale

from core import formatting
from policies.clauses import REGIMES

from .labels import Words
from .qr import NoPaymentCode, payment_code
from .tables import LineTable, Row, gst_table, instalment_rows, plain_table, tax_notes, totals_rows
from .writer import Snapshot, Writer, clean, grouped_iban

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
HEAD_LINE = 48
"""Characters that surely fit on one line of the seller's half of the head."""
_ROUTING_LABEL = {"IN": "ifsc", "US": "routing_number", "GB": "sort_code"}


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
    seller_lines: Sequence[str]
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


def document_view(snapshot: Snapshot, *, watermark: str | None = None) -> DocumentView:
    """The view of one document. Raises KeyError on a snapshot that lacks a part it must have."""
    w = Writer(clean(snapshot))
    kind = str(w.s["document_type"])
    number = str(w.s.get("number") or w.words["no_number"])
    qr, qr_label, refused = _payment_qr(w)
    payable = Decimal(w.s["totals"]["due"]) > 0 and not w.is_credit
    return DocumentView(
        language=w.words.language,
        words=w.words,
        title=f"{w.heading} {number}",
        number=number,
        heading=w.heading,
        seller=_seller(w),
        seller_lines=_packed(_address(w, w.seller), ", ") + _packed(_contact(w, "website"), " · "),
        footer=_footer(w),
        logo=_image(w.seller.get("logo")),
        mark=(str(w.seller["name"]).strip() or "?")[0].upper(),
        colour=_colour(w.seller.get("colour")),
        buyer=_buyer(w),
        delivery=[str(line) for line in w.s.get("delivery_address") or () if line],
        facts=_facts(w),
        amount=w.money(w.s["totals"]["due"]),
        due=_due(w),
        early=w.early_discount() if payable else "",
        pays_for=_pays_for(w) if payable and kind != "proforma" else "",
        table=gst_table(w) if w.is_gst else plain_table(w),
        totals=totals_rows(w),
        tax_notes=tax_notes(w),
        instalments=instalment_rows(w),
        pay_title=w.words["bank_transfer"],
        bank=bank_rows(w) if payable else (),
        pay_notes=_pay_notes(w, payable=payable),
        qr=qr,
        qr_label=qr_label,
        small_print=_small_print(w),
        policy=_policy(w),
        policy_path=_web_address((w.s.get("policy") or {}).get("path")),
        notes=[line for line in str(w.s.get("notes") or "").splitlines() if line.strip()],
        issued_on=str(w.s["issued_on"] or ""),
        watermark=_watermark(w, kind, watermark),
        qr_refused=refused,
    )


def _watermark(w: Writer, kind: str, asked: str | None) -> str:
    if asked:
        return w.words["draft"] if asked.upper() == "DRAFT" else asked
    # Nobody may take it for a tax invoice, whichever page of it lies on the desk.
    return w.words["proforma"] if kind == "proforma" else ""


@dataclass(frozen=True)
class LetterHead:
    """Who writes to whom: what stands on top and at the foot of every paper of the house."""

    seller: Party
    seller_lines: Sequence[str]
    footer: str
    logo: str
    colour: str
    buyer: Party


def letter_head(w: Writer) -> LetterHead:
    """The head of a paper that is no invoice; the writer's content needs `seller` and `buyer`."""
    return LetterHead(
        seller=_seller(w),
        seller_lines=_packed(_address(w, w.seller), ", ") + _packed(_contact(w, "website"), " · "),
        footer=_footer(w),
        logo=_image(w.seller.get("logo")),
        colour=_colour(w.seller.get("colour")),
        buyer=_buyer(w),
    )


def _image(value: object) -> str:
    """A logo given as a data: address; a stored file's name is nothing a document can show."""
    return str(value) if str(value or "").startswith("data:image/") else ""


def _colour(value: object) -> str:
    return str(value) if isinstance(value, str) and _COLOUR.fullmatch(value) else "#4f46e5"


def _web_address(value: object) -> str:
    """An address a reader can click on; anything but http(s) is printed by nobody and linked nowhere."""
    text = str(value or "")
    return text if text.startswith(("https://", "http://")) else ""


def _ids(w: Writer, party: Mapping[str, Any]) -> list[Row]:
    rows = []
    for tax_id in party.get("tax_ids") or ():
        scheme = str(tax_id.get("scheme") or "").upper()
        label = (
            w.words["vat_id"] if scheme in {"VAT", "EU_VAT", "EU-VAT"} else str(tax_id.get("label") or scheme)
        )
        rows.append(Row(label, str(tax_id["number"])))
    return rows


def _address(w: Writer, party: Mapping[str, Any]) -> list[str]:
    lines = [str(line) for line in party.get("address") or () if line]
    code = str(party.get("country") or "")
    country = formatting.country_name(code, w.locale) if code else ""
    names = {country.casefold(), str(Locale("en").territories.get(code, "")).casefold(), code.casefold()}
    last_words = {word.strip().casefold() for line in lines[-1:] for word in (line, line.split(",")[-1])}
    if country and not names & last_words:
        lines.append(country)
    return lines


def _contact(w: Writer, *more: str) -> list[str]:
    return [str(w.seller[key]) for key in ("email", "phone", *more) if w.seller.get(key)]


def _packed(parts: Iterable[str], comma: str) -> list[str]:
    """Parts joined into as few lines as fit the head of the page, never breaking inside a part."""
    lines: list[str] = []
    for part in parts:
        joined = f"{lines[-1]}{comma}{part}" if lines else part
        if lines and len(joined) <= HEAD_LINE:
            lines[-1] = joined
        else:
            lines.append(part)
    return lines


def _seller(w: Writer) -> Party:
    return Party(
        str(w.seller.get("legal_name") or w.seller["name"]), _address(w, w.seller), _ids(w, w.seller)
    )


def _buyer(w: Writer) -> Party:
    legal, name = str(w.buyer.get("legal_name") or ""), str(w.buyer["name"])
    lines = _address(w, w.buyer)
    if w.buyer.get("contact"):
        lines.insert(0, str(w.buyer["contact"]))
    return Party(legal or name, lines, _ids(w, w.buyer))


def _footer(w: Writer) -> str:
    seller = _seller(w)
    ids = (f"{row.label} {row.value}" for row in seller.ids)
    registered = str(w.seller.get("registration_text") or "")
    return " · ".join(part for part in (seller.name, ", ".join(seller.lines), *ids, registered) if part)


def _facts(w: Writer) -> list[Row]:
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
        (
            "place_of_supply",
            " ".join(dict.fromkeys(str(place.get(key) or "") for key in ("state_code", "name"))),
        ),
        ("terms", "" if w.is_credit else terms_text(w.s, w.words)),
    )
    return [Row(words[key], str(value)) for key, value in pairs if value]


def terms_text(snapshot: Snapshot, words: Words) -> str:
    """The agreed terms in words: "30 days, next business day" for "NET 30/F".

    A text kept with the document comes first, unless it is the reason of the due date, which is a sentence
    for the explanation; terms without words here are shown as they are written.
    """
    terms = snapshot.get("terms") or {}
    text, expression = str(terms.get("text") or ""), str(terms.get("expression") or "")
    if text and text not in {expression, snapshot.get("due_reason")}:
        return text
    steps, _, adjustment = expression.partition("/")
    said = [_step_in_words(step, words) for step in re.sub(r"^NET ", "NET", steps).split()]
    if not said or not all(said):
        return expression
    return ", ".join([*said, *([words[f"then_{adjustment}"]] if adjustment in {"F", "MF", "P"} else [])])


def _step_in_words(step: str, words: Words) -> str:
    """One step of the terms; "" when there is no phrase for it."""
    if step == "EOM":
        return words["end_of_month"]
    match = re.fullmatch(
        r"(?:NET(?P<net>\d+)|\+(?P<d>\d+)D|\+(?P<bd>\d+)BD|\+(?P<m>\d+)M|DAY(?P<day>\d+))", step
    )
    if not match:
        return ""
    if match["m"]:
        return words.say("months_one" if match["m"] == "1" else "months", count=match["m"])
    if match["day"]:
        return words.say("day_of_month", day=match["day"])
    if match["bd"]:
        return words.say("days_business", days=match["bd"])
    days = match["net"] or match["d"]
    return words.say("days_net_one" if days == "1" else "days_net", days=days)


def _due(w: Writer) -> str:
    totals, parts = w.s["totals"], list(w.s.get("instalments") or ())
    if w.is_credit:
        return w.words["credited"]
    if w.s["document_type"] == "proforma":
        return w.words["not_payable"]
    if Decimal(totals["due"]) <= 0:
        return w.words["nothing_due"]
    if len(parts) > 1:
        return w.say("due_in_parts", count=len(parts), date=w.weekday(parts[0]["due_on"]))
    return w.say("due_on", date=w.weekday(w.s["due_on"])) if w.s.get("due_on") else terms_text(w.s, w.words)


def _pays_for(w: Writer) -> str:
    lines: Sequence[Mapping[str, Any]] = w.s["lines"]
    if not lines:
        return ""
    biggest = max(lines, key=lambda line: Decimal(line["net"]))
    what, others = str(biggest["description"]), len(lines) - 1
    if others:
        what = w.say("and_more_one" if others == 1 else "and_more", what=what, count=others)
    when = w.period(w.s.get("supply_from"), w.s.get("supply_to"))
    return w.say("pays_for_period", what=what, period=when) if when else w.say("pays_for", what=what)


def bank_rows(w: Writer) -> list[Row]:
    """The rows to type into a transfer; none when there is nothing but a reference."""
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


def _pay_notes(w: Writer, *, payable: bool) -> list[str]:
    if w.is_credit:
        return [w.words["credit_how"]]
    payment = w.s.get("payment") or {}
    shown = {"upi"} if payment.get("upi_id") else set()
    known = [w.words[name] for name in payment.get("methods") or () if name in OTHER_METHODS - shown]
    return [w.say("other_methods", methods=formatting.join(known, w.locale))] if payable and known else []


OTHER_METHODS = frozenset({"direct_debit", "card", "cheque", "cash", "upi"})


def _payment_qr(w: Writer) -> tuple[str, str, str]:
    """(image, its label, why there is none)."""
    try:
        code = payment_code(dict(w.s))
    except NoPaymentCode as refusal:
        return "", "", refusal.message
    label = w.say(f"qr_{code.kind}", amount=w.money(w.s["totals"]["due"]))
    return code.data_uri(scale=4, border=0), label, ""


def _small_print(w: Writer) -> list[str]:
    policy = w.s.get("policy") or {}
    contact = " · ".join(_contact(w))
    lines = [f"{w.words['ask']} {contact}"] if contact else []
    if policy.get("dispute_days") and lines:
        lines[0] += f". {w.say('dispute_days', days=policy['dispute_days'])}"
    late = "" if w.is_credit else late_interest(w)
    return [*lines, *([w.say("late_interest", text=late)] if late else [])]


def late_interest(w: Writer) -> str:
    """The policy's clause on late payment in words.

    The clause as policies store it ({"regime", "margin", "fixed_sum"}), a yearly {"rate"} with a "fixed_sum"
    as an amount, or a finished text.
    """
    clause = (w.s.get("policy") or {}).get("late_interest")
    if not isinstance(clause, Mapping):
        return str(clause or "")
    regime, margin = (
        str(clause.get("regime") or "contract"),
        str(clause.get("margin") or clause.get("rate") or ""),
    )
    if regime == "MSMED":
        return w.say("late_compound", law=REGIMES[regime].source)
    if not margin:
        return ""
    if regime == "contract" or regime not in REGIMES:
        interest = w.say("late_rate", pct=formatting.percent(margin, w.locale))
    else:
        points = formatting.quantity(margin, w.locale)
        interest = w.say("late_above", points=points, law=REGIMES[regime].source)
    return _with_fixed_sum(w, interest, str(clause.get("fixed_sum") or ""))


def _with_fixed_sum(w: Writer, interest: str, fixed_sum: str) -> str:
    """The lump sum for a late payment: the EU's in euro, a scale set by law, or an amount of the contract."""
    if fixed_sum == "EU":
        return w.say("late_and_sum", interest=interest, amount=w.money("40.00", "EUR"))
    if fixed_sum == "UK":
        return w.say("late_and_legal_sum", interest=interest)
    if fixed_sum and Decimal(fixed_sum):
        return w.say("late_and_sum", interest=interest, amount=w.money(fixed_sum))
    return interest


def _policy(w: Writer) -> str:
    policy = w.s.get("policy") or {}
    return w.say("policy", name=policy["name"], version=policy["version"]) if policy.get("name") else ""
