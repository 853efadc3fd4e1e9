"""Pure: amounts in minor units, signatures (T26), and that states only go forward."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest
import stripe

from checkout.rules import RANK, BadSignature, check_signature, follows, from_minor, signature, to_minor
from core.errors import Invalid
from tests.checkout.stub import SECRETS, event

NOW = datetime(2026, 11, 16, 9, 30, tzinfo=UTC)
AT = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.34", "EUR", 1234),
        ("500", "JPY", 500),
        ("1.230", "KWD", 1230),
        ("0.01", "USD", 1),
        ("1234567.89", "INR", 123456789),
        ("300", "ISK", 30000),
        ("300", "UGX", 30000),
        ("5.00", "MGA", 5),
    ],
)
def test_amounts_go_out_and_come_back_exactly(amount, currency, minor):
    assert to_minor(Decimal(amount), currency) == minor
    assert from_minor(minor, currency) == Decimal(amount)
    assert str(from_minor(minor, currency)) == amount


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("1.234", "KWD"), ("1.005", "EUR"), ("0.5", "JPY"), ("5.50", "MGA"), ("1", "XXX")],
)
def test_what_a_card_cannot_be_charged_is_refused(amount, currency):
    with pytest.raises(Invalid):
        to_minor(Decimal(amount), currency)


def test_a_state_is_followed_by_a_later_one_only():
    for before, after in product(RANK, RANK):
        assert follows(before, after) == (RANK[after] > RANK[before])
    assert not any(follows("paid", state) for state in RANK)


@pytest.mark.soak("T26")
def test_only_the_gateways_bytes_are_taken(size, figures):
    """T26: bad, missing, old and future signatures, changed and re-written bodies, other secrets: refused."""
    body, good = event("checkout.session.completed", "cs_1", at=AT)
    _, with_old = event("checkout.session.completed", "cs_1", at=AT, secret=SECRETS[0])
    for header in (good, with_old, f"v1=00,{good}", good.replace(",", " , ")):
        check_signature(body, header, SECRETS, now=NOW)
    # What the library of the gateway makes of it is what we make of it.
    stripe.WebhookSignature.verify_header(body.decode(), good, SECRETS[1], tolerance=None)
    mac = good.split("v1=")[1].split(",")[0]
    rewritten = json.dumps(json.loads(body)).encode()
    wrong = [
        (body, "", SECRETS, NOW),
        (body, f"t={AT}", SECRETS, NOW),
        (body, f"v1={mac}", SECRETS, NOW),
        (body, f"t=,v1={mac}", SECRETS, NOW),
        (body, f"t=-1,v1={mac}", SECRETS, NOW),
        (body, f"t=²,v1={mac}", SECRETS, NOW),
        (body, f"t={AT},t={AT},v1={mac}", SECRETS, NOW),
        (body, f"t={AT + 1},v1={mac}", SECRETS, NOW),
        (body, f"t={AT},v0={mac}", SECRETS, NOW),
        (body, f"t={AT},v1={mac.upper()}", SECRETS, NOW),
        (body, f"t={AT},v1=é{mac}", SECRETS, NOW),
        (rewritten, good, SECRETS, NOW),
        (body + b" ", good, SECRETS, NOW),
        (b"", good, SECRETS, NOW),
        (body, good, ("whsec_other",), NOW),
        (body, good, (), NOW),
        (body, f"t={AT},v1={signature(body, '', AT)}", ("",), NOW),
        (body, good, SECRETS, NOW + timedelta(minutes=5, seconds=1)),
        (body, good, SECRETS, NOW - timedelta(minutes=5, seconds=1)),
    ]
    # Every sign of the signature, changed; at the stated size every bit of the body too.
    for at in range(len(mac)):
        other = mac[:at] + ("0" if mac[at] != "0" else "1") + mac[at + 1 :]
        wrong.append((body, good.replace(mac, other), SECRETS, NOW))
    bits = range(0, len(body) * 8, 1 if size(0, 1) else 97)
    wrong += [(_flipped(body, bit), good, SECRETS, NOW) for bit in bits]
    accepted = 0
    for bytes_, header, secrets, now in wrong:
        try:
            check_signature(bytes_, header, secrets, now=now)
        except BadSignature:
            continue
        accepted += 1
    figures("T26", tried=len(wrong), accepted=accepted)
    assert (accepted, BadSignature.status) == (0, 400)


def _flipped(body: bytes, bit: int) -> bytes:
    changed = bytearray(body)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
