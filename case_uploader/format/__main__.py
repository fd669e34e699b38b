"""`python -m case_uploader.format FOLDER…`: read case folders and print their problems; nothing is run or stored."""

import sys
from pathlib import Path

from case_uploader.format.case_folder import CaseDraft, read_case_folder


def main(folders: list[str]) -> int:
    """Exit status: 0 when every folder is a case, 1 when one has errors, 2 when none is named."""
    if not folders:
        sys.stderr.write("usage: python -m case_uploader.format FOLDER…\n")
        return 2
    failed = False
    for name in folders:
        reading = read_case_folder(Path(name))
        for problem in reading.problems:
            place = f"{problem.file} · {problem.cell or '-'}"
            sys.stdout.write(f"{name}: {problem.level}: {place} · {problem.rule} · {problem.message}\n")
        if reading.draft:
            _describe(name, reading.draft)
        failed = failed or reading.draft is None
    return 1 if failed else 0


def _describe(name: str, draft: CaseDraft) -> None:
    sys.stdout.write(f"{name}: a case of {len(draft.author.subtasks)} subtasks, version {draft.version[:12]}\n")
    for subtask in draft.author.subtasks:
        visible = sum(not check.hidden for check in subtask.checks)
        sys.stdout.write(
            f"  {subtask.view.id}: {len(subtask.view.answer_cells)} answer cells, {visible} visible and "
            f"{len(subtask.checks) - visible} hidden checks, {subtask.view.points:g} points, "
            f"watches {', '.join(subtask.watch) or '-'}\n"
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
