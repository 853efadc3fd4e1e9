"""Writing payments. One import path; each file below holds one act and what it needs."""

from payments.operations._allocating import (
    NotAllocatable,
    Part,
    allocate_payment,
    propose_allocation,
    use_credit,
)
from payments.operations._charging import book_fee
from payments.operations._discounting import earned_discount
from payments.operations._exporting import note_export, note_statement
from payments.operations._giving_up import (
    approve_write_off,
    let_go_of,
    recover_write_off,
    reject_write_off,
    request_write_off,
    small_difference_limit,
    write_off_difference,
)
from payments.operations._importing import Settlement, import_settlements
from payments.operations._reassigning import take_back_payment
from payments.operations._receiving import (
    NotReturnable,
    Receipt,
    bounce_payment,
    identify_payment,
    record_payment,
    refuse_refunded,
)
from payments.operations._refunding import (
    approve_refund,
    note_refund_left,
    reject_refund,
    request_refund,
)
from payments.operations._together import allocate_and_let_go, receive_and_allocate
from payments.operations._undoing import undo_allocation

__all__ = [
    "NotAllocatable",
    "NotReturnable",
    "Part",
    "Receipt",
    "Settlement",
    "allocate_and_let_go",
    "allocate_payment",
    "approve_refund",
    "approve_write_off",
    "book_fee",
    "bounce_payment",
    "earned_discount",
    "identify_payment",
    "import_settlements",
    "let_go_of",
    "note_export",
    "note_refund_left",
    "note_statement",
    "propose_allocation",
    "receive_and_allocate",
    "record_payment",
    "recover_write_off",
    "refuse_refunded",
    "reject_refund",
    "reject_write_off",
    "request_refund",
    "request_write_off",
    "small_difference_limit",
    "take_back_payment",
    "undo_allocation",
    "use_credit",
    "write_off_difference",
]
