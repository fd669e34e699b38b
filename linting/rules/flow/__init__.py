"""What a module's values are, followed from statement to statement through all cells. Nothing is run.

One pass gives every expression a `Value`; what is not certain stays unknown, so a rule that asks is never misled:
after a branch only what both ways agree on is known, a loop forgets what it rebinds, and an object that code of
unknown effect has seen loses what was known about it.
"""
