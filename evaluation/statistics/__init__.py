"""How sure we may be: intervals, comparisons, agreement and corrections. Pure functions over numbers."""
