"""What a new installation sets up before its first invoice."""

from __future__ import annotations

from dataclasses import dataclass

from customers.models import Customer
from entities.models import Entity
from invoices.models import Invoice
from policies.models import PolicyVersion
from team.models import User


@dataclass(frozen=True)
class Step:
    """One thing to set up before the first invoice: done or not, where, and the right it takes."""

    title: str
    text: str
    url: str
    action: str
    done: bool
    right: str


def first_steps() -> list[Step]:
    """What a new installation needs, in order."""
    return [
        Step(
            "Your company",
            "Legal name, address, tax number and bank account.",
            "entities:list",
            "Set up",
            Entity.objects.exists(),
            "entities.manage_entities",
        ),
        Step(
            "Payment terms",
            "A policy that a second person approved and that is in force.",
            "policies:list",
            "Choose",
            PolicyVersion.objects.filter(status="published").exists(),
            "policies.write_policy",
        ),
        Step(
            "Your first customer",
            "Name, address, tax number and who gets the invoices.",
            "customers:create",
            "Add",
            Customer.objects.exists(),
            "customers.edit_customer",
        ),
        Step(
            "Your first invoice",
            "Written by one person, approved by another, issued with a number without gaps.",
            "invoices:new",
            "Write",
            Invoice.objects.exists(),
            "invoices.edit_invoice",
        ),
        Step(
            "Your team",
            "Who writes, who approves, who records the money.",
            "team:list",
            "Invite",
            User.objects.filter(is_active=True).count() > 1,
            "team.manage_people",
        ),
    ]
