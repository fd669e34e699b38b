"""Options that more than one command of `caseloop eval` takes."""

import os
from typing import Annotated, Final

import typer

SuiteName = Annotated[str, typer.Argument(help="A suite (NAME or FILE.jsonl), or a case (id or folder).")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="Samples at a time.")]
WithModel = Annotated[bool, typer.Option("--model/--no-model", help="Let the configured model word the feedback.")]
JOBS: Final = os.cpu_count() or 1
