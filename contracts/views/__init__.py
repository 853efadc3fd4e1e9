"""Pages of contracts and bill runs."""
