"""`caseloop lint`: the style review of notebooks in files, for the command line and for other tools."""
