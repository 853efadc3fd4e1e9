"""Writing online payments. Nothing asks the gateway inside a transaction, and no answer is ever guessed."""

from checkout.operations._asking import ask_again, settle
from checkout.operations._beginning import begin_checkout
from checkout.operations._demo import cancel_demo, pay_demo
from checkout.operations._disputes import note_dispute
from checkout.operations._events import handle_event, take_event
from checkout.operations._gateways import NotOnline, gateway_of
from checkout.operations._janitor import Settled, settle_unknown
from checkout.operations._repaying import ask_repayment, repay

__all__ = [
    "NotOnline",
    "Settled",
    "ask_again",
    "ask_repayment",
    "begin_checkout",
    "cancel_demo",
    "gateway_of",
    "handle_event",
    "note_dispute",
    "pay_demo",
    "repay",
    "settle",
    "settle_unknown",
    "take_event",
]
