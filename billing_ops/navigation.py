"""The sidebar, as one table. An entry without a route, or without the reader's right to it, is not shown."""

from core.navigation import Group, Item

NAVIGATION = (
    Group(
        "",
        (
            Item("Home", "metrics:home", "layout-dashboard"),
            Item("My work", "work:list", "checklist"),
        ),
    ),
    Group(
        "Receivables",
        (
            Item("Invoices", "invoices:list", "file-invoice", permission="invoices.view_invoice"),
            Item("Payments", "payments:list", "building-bank", permission="payments.view_payment"),
            Item("Customers", "customers:list", "users", permission="customers.view_customer"),
            Item("Mail", "correspondence:list", "mail", permission="correspondence.view_message"),
        ),
    ),
    Group(
        "Sell",
        (
            Item("Items and prices", "catalogue:list", "package", permission="catalogue.view_item"),
            Item("Policies", "policies:list", "book", permission="policies.view_policy"),
        ),
    ),
    Group(
        "Control",
        (
            Item("Ledger", "ledger:list", "scale", permission="ledger.view_entry"),
            Item("Trail", "trail:list", "history", permission="trail.view_entry"),
            Item("Imports", "integrations:list", "table-import", permission="integrations.view_import"),
        ),
    ),
    Group(
        "Settings",
        (
            Item("Companies", "entities:list", "building", permission="entities.view_entity"),
            Item("People", "team:list", "user-check", permission="team.view_user"),
        ),
    ),
)
