"""Writing customers: the only door to their tables."""

from customers.operations._changes import (
    ChangeRefused,
    approve_change,
    current_values,
    limit_currency,
    record_call_back,
    reject_change,
    request_change,
)
from customers.operations._contacts import (
    ContactExists,
    add_contact,
    deactivate_contact,
    edit_contact,
    end_tax_id,
    note_bounce,
    set_address,
    set_tax_id,
    verify_tax_id,
)
from customers.operations._customers import (
    CustomerNumberTaken,
    CustomerStateRefused,
    add_customer,
    add_segment,
    block_customer,
    edit_customer,
    edit_segment,
    unblock_customer,
)
from customers.operations._requirements import (
    RequirementOverlaps,
    acknowledge_requirement,
    add_requirement,
    edit_requirement,
    end_requirement,
)
from customers.operations._setup import set_up_customer, try_customer

__all__ = [
    "ChangeRefused",
    "ContactExists",
    "CustomerNumberTaken",
    "CustomerStateRefused",
    "RequirementOverlaps",
    "acknowledge_requirement",
    "add_contact",
    "add_customer",
    "add_requirement",
    "add_segment",
    "approve_change",
    "block_customer",
    "current_values",
    "deactivate_contact",
    "edit_contact",
    "edit_customer",
    "edit_requirement",
    "edit_segment",
    "end_requirement",
    "end_tax_id",
    "limit_currency",
    "note_bounce",
    "record_call_back",
    "reject_change",
    "request_change",
    "set_address",
    "set_tax_id",
    "set_up_customer",
    "try_customer",
    "unblock_customer",
    "verify_tax_id",
]
