"""What runs inside the sandbox: the standard library and, where loaded, the learner environment's NumPy and pandas.

Bound read-only into the sandbox as the package `caseloop_sandbox`; imports nothing of the rest of Caseloop. From
outside only the message format (`wire`) and the count of trusted processes (`limits`) are imported.
"""
