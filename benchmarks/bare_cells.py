"""Run by the learners' Python: execute the cells of argv[1] (JSON) once for every line on stdin, printing milliseconds.

The imports are loaded beforehand, each execution has a fresh namespace, and nothing else is done: the least that
running these cells can cost.
"""

import importlib
import json
import sys
import time
from pathlib import Path

job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
for name in job["imports"]:
    importlib.import_module(name)
print("ready", flush=True)
for _ in sys.stdin:
    codes = [compile(source, f"<cell {number}>", "exec") for number, source in enumerate(job["cells"])]
    start = time.perf_counter()
    namespace = {"__name__": "__main__"}
    for code in codes:
        exec(code, namespace)
    print((time.perf_counter() - start) * 1e3, flush=True)
