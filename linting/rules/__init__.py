"""Our own data-science rules: one rule, one file; its examples are its tests and its documentation."""
