"""Run by the learners' Python: execute the cells and checks of argv[1] (JSON) once for every line on stdin.

For each it prints two numbers, the milliseconds of the cells and of the checks. The imports are loaded beforehand, each
execution has a fresh namespace, and nothing else is done: the least that running these can cost.
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
    cells, checks = (
        [compile(source, f"<{kind} {number}>", "exec") for number, source in enumerate(job[kind])]
        for kind in ("cells", "checks")
    )
    namespace = {"__name__": "__main__"}
    start = time.perf_counter()
    for code in cells:
        exec(code, namespace)
    ran = time.perf_counter()
    for code in checks:
        exec(code, namespace)
    print((ran - start) * 1e3, (time.perf_counter() - ran) * 1e3, flush=True)
