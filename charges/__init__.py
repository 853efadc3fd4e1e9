"""Late interest and fixed sums: reference rates, debit documents, waivers."""
