"""Facts integrations announce."""

RECEIVABLES_IMPORTED = "receivables.imported"
