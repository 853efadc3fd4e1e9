"""The pages of invoices, one file per screen."""
