"""Writing contracts, their changes and usage, and bill runs."""

from contracts.operations._asking import approve_change, ask_change, ask_plan_change, reject_change
from contracts.operations._changing import (
    change_plan,
    end_contract,
    is_renewed,
    renew_contract,
    resume_contract,
    suspend_contract,
)
from contracts.operations._crediting import credit_rest
from contracts.operations._planning import (
    RunUnderWay,
    ask_plan,
    do_plan,
    is_large,
    plan_by_clock,
    plan_run,
)
from contracts.operations._proposing import NothingDue, is_stopped
from contracts.operations._repeating import repeat_invoice
from contracts.operations._running import (
    TASK,
    RunRefused,
    approve_run,
    discard_run,
    do_run,
    reject_run,
    retry_run,
    stop_run,
)
from contracts.operations._usage import MOST as MOST_USAGE
from contracts.operations._usage import Taken, Used, record_usage, try_usage
from contracts.operations._writing import (
    ContractRefused,
    approve_contract,
    cancel_contract,
    edit_contract,
    reject_contract,
    submit_contract,
    write_contract,
    yearly_value,
)

__all__ = [
    "MOST_USAGE",
    "TASK",
    "ContractRefused",
    "NothingDue",
    "RunRefused",
    "RunUnderWay",
    "Taken",
    "Used",
    "approve_change",
    "approve_contract",
    "approve_run",
    "ask_change",
    "ask_plan",
    "ask_plan_change",
    "cancel_contract",
    "change_plan",
    "credit_rest",
    "discard_run",
    "do_plan",
    "do_run",
    "edit_contract",
    "end_contract",
    "is_large",
    "is_renewed",
    "is_stopped",
    "plan_by_clock",
    "plan_run",
    "record_usage",
    "reject_change",
    "reject_contract",
    "reject_run",
    "renew_contract",
    "repeat_invoice",
    "resume_contract",
    "retry_run",
    "stop_run",
    "submit_contract",
    "suspend_contract",
    "try_usage",
    "write_contract",
    "yearly_value",
]
