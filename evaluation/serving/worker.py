"""`python -m evaluation.serving.worker`: one job from standard input, its answer to standard output, and the end.

A job is `{"job", "home", …}`. The answer is the job's model as JSON, or `{"error", "detail"}` with exit status 3.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from evaluation.runs.store import NoSuchRun, RunUnreadable
from evaluation.serving.comparing import compare_kept
from evaluation.serving.computing import REFUSED
from evaluation.serving.errors import CannotCompute, RunDamaged, RunNotFound
from evaluation.serving.indexing import CannotKeep, index_run
from services.contracts.model import WireModel

JOBS: Final[Mapping[str, Callable[..., WireModel]]] = {"index": index_run, "comparison": compare_kept}


def main() -> int:
    """Do the job; returns the exit status."""
    request: dict[str, Any] = json.load(sys.stdin.buffer)
    job, home = JOBS[request.pop("job")], Path(request.pop("home"))
    try:
        body, status = job(home, **request).model_dump_json().encode(), 0
    except NoSuchRun as error:
        body, status = _refused(RunNotFound.error, error), REFUSED
    except (RunUnreadable, OSError) as error:
        body, status = _refused(RunDamaged.error, error), REFUSED
    except CannotKeep as error:
        body, status = _refused(CannotCompute.error, error), REFUSED
    sys.stdout.buffer.write(body)
    return status


def _refused(error: str, reason: Exception) -> bytes:
    return json.dumps({"error": error, "detail": str(reason)}).encode()


if __name__ == "__main__":
    sys.exit(main())
