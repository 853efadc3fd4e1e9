"""The sidebar, as one table. Each entry is shown to those whom its view lets in."""

from core.navigation import Group, Item

NAVIGATION = (
    Group(
        "",
        (
            Item("Home", "metrics:home", "layout-dashboard", key="h"),
            Item("My work", "work:list", "checklist", key="w"),
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
            Item("Payments", "payments:list", "building-bank", key="p"),
            Item("Customers", "customers:list", "users", key="c"),
            Item("Mail", "correspondence:list", "mail"),
        ),
    ),
    Group(
        "Sell",
        (
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
