"""How Caseloop is deployed and started: no rules of any kind."""
