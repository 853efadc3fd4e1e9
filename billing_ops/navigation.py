"""The sidebar, as one table. An entry without a route, or without the reader's right to it, is not shown."""

from core.navigation import Group, Item

NAVIGATION = (
    Group(
        "",
        (
            Item("Home", "metrics:home", "layout-dashboard", key="h"),
            Item("My work", "work:list", "checklist", key="w"),
        ),
    ),
    Group(
        "Receivables",
        (
            Item("Invoices", "invoices:list", "file-invoice", permission="invoices.view_invoice", key="i"),
            Item("Payments", "payments:list", "building-bank", permission="payments.view_payment", key="p"),
            Item("Customers", "customers:list", "users", permission="customers.view_customer", key="c"),
            Item("Mail", "correspondence:list", "mail", permission="correspondence.view_outgoing"),
        ),
    ),
    Group(
        "Sell",
        (
            Item("Items and prices", "catalogue:list", "package", permission="catalogue.view_item"),
            Item(
                "Policies",
                "policies:list",
                "book",
                permission="policies.view_policy",
                key="o",
                count="policies.queries.count_for",
            ),
        ),
    ),
    Group(
        "Control",
        (
            Item("Ledger", "ledger:list", "scale", permission="ledger.view_entry", key="l"),
            Item("Trail", "trail:list", "history", permission="trail.view_entry", key="t"),
            Item("Imports", "integrations:list", "table-import", permission="integrations.view_import"),
        ),
    ),
    Group(
        "Settings",
        (
            Item("Companies", "entities:list", "building", permission="entities.view_entity"),
            Item("Tax rates", "catalogue:taxes", "receipt-tax", permission="catalogue.view_item"),
            Item("People", "team:list", "user-check", permission="team.manage_people"),
            Item("Roles and limits", "team:roles", "shield-check"),
            Item("API keys", "team:keys", "key", permission="team.manage_keys"),
        ),
    ),
)
