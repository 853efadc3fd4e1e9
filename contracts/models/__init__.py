"""Contracts with their items and usage, what was billed of them, and bill runs."""

from contracts.models._bills import BillLine, BillRun, ContractBill, RunRow
from contracts.models._changes import ContractChange
from contracts.models._contracts import Contract, ContractItem, ContractTier, PriceStep, Suspension
from contracts.models._usage import UsageEvent

__all__ = [
    "BillLine",
    "BillRun",
    "Contract",
    "ContractBill",
    "ContractChange",
    "ContractItem",
    "ContractTier",
    "PriceStep",
    "RunRow",
    "Suspension",
    "UsageEvent",
]
