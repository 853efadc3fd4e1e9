"""Facts about payment files. Recorded on the file."""

FILE_PLANNED = "payment_file.planned"
FILE_MADE = "payment_file.made"
FILE_REJECTED = "payment_file.rejected"
FILE_TAKEN = "payment_file.taken"
FILE_EXECUTED = "payment_file.executed"
FILE_REFUSED = "payment_file.refused"
