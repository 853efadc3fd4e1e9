"""What a customer gets of an invoice: the PDF, its payment code, the calendar file, the explanation."""
