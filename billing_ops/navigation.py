"""The sidebar, as one table. Each entry is shown to those whom its view lets in."""

from core.navigation import Group, Item

NAVIGATION = (
    Group(
        "",
        (
            Item("Home", "metrics:home", "layout-dashboard", key="h"),
            Item("My work", "work:list", "checklist", count="work.inbox.open_count", key="w"),
            Item(
                "Approvals",
                "work:approvals",
                "user-check",
                count="work.queries.waiting_count",
                hot=True,
                key="a",
            ),
        ),
    ),
    Group(
        "Receivables",
        (
            Item("Invoices", "invoices:list", "file-invoice", key="i"),
            Item("Payments", "payments:list", "cash", key="p"),
            Item("Bank statements", "banking:list", "building-bank"),
            Item("Online payments", "checkout:list", "credit-card"),
            Item("Payouts", "payouts:list", "send"),
            Item("Customers", "customers:list", "users", key="c"),
            Item("Statements", "statements:list", "report"),
        ),
    ),
    Group(
        "Collect",
        (
            Item("Worklist", "cases:worklist", "phone", key="k"),
            Item("Promises and plans", "cases:promises", "calendar"),
            Item("Reminders", "reminders:list", "bell", key="r"),
            Item("Late charges", "charges:list", "percentage"),
            Item("Disputes", "disputes:list", "message-report", key="d"),
        ),
    ),
    Group(
        "Communicate",
        (
            Item(
                "Inquiries",
                "conversations:inbox",
                "message",
                count="conversations.queries.waiting_count",
                key="q",
            ),
            Item("Feedback", "feedback:dashboard", "star"),
            Item("Improvements", "feedback:board", "columns-3"),
            Item("Suggestions", "feedback:suggestions", "message-2"),
            Item("Outgoing mail", "correspondence:list", "mail"),
            Item("Letters to print", "correspondence:letters", "printer"),
            Item("Notices", "notices:list", "bell-ringing", count="notices.queries.unread_count"),
            Item("Notices of change", "notices:changes", "send"),
            Item("Who is told", "notices:protocol", "list-check"),
        ),
    ),
    Group(
        "Sell",
        (
            Item("Contracts", "contracts:list", "contract", key="n"),
            Item("Recurring invoices", "contracts:recurring", "calendar-event"),
            Item("Bill runs", "contracts:runs", "rotate-clockwise"),
            Item("Not billed yet", "contracts:unbilled", "hourglass"),
            Item("Items and prices", "catalogue:list", "package"),
            Item(
                "Policies",
                "policies:list",
                "book",
                key="o",
                count="policies.queries.count_for",
            ),
        ),
    ),
    Group(
        "Control",
        (
            Item("Ledger", "ledger:list", "scale", key="l"),
            Item("Month end", "closing:list", "calendar-check"),
            Item("Trail", "trail:list", "history", key="t"),
            Item("System health", "metrics:health", "shield-check"),
            Item("Imports", "integrations:list", "table-import"),
        ),
    ),
    Group(
        "Settings",
        (
            Item("Companies", "entities:list", "building"),
            Item("Tax rates", "catalogue:taxes", "receipt-tax"),
            Item("People", "team:list", "user-check"),
            Item("Roles and limits", "team:roles", "shield-check"),
            Item("API keys", "team:keys", "key"),
        ),
    ),
)
