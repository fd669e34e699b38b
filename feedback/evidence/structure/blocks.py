"""Statements that hold others."""

import ast

BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
Headed = ast.stmt | ast.ExceptHandler | ast.match_case
