"""A demo company with a year behind it, made through the operations people use.

`tables` says who and what there is, `ground` sets it up, `year` lives twelve months up to today, and
`present` leaves on the desks what waits now. Everything follows from a seed and today's date.
"""
