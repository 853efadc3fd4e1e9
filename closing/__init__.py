"""Closing the months of the book: what is to be done before, revaluation, journal, tax report."""
