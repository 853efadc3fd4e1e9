"""What a customer receives of an invoice: the PDF, its payment code, the calendar file and the explanation."""
