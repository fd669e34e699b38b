"""Memory that forks would share is found, by a kernel that can be asked for it and by one that cannot."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
_LOOKING = """
import mmap
from services.runner.sandbox import files, syscalls
{change}
print(files.shared_memory())
read_only = mmap.mmap(-1, 4096, prot=mmap.PROT_READ)
private = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE)
print(files.shared_memory())
shared = mmap.mmap(-1, 4096)
print(files.shared_memory())
shared.close()
print(files.shared_memory())
"""


@pytest.mark.parametrize(
    "change",
    ["", "syscalls._PROCMAP_QUERY = 0", "syscalls.has_mapping = lambda *_: None"],
    ids=["asked", "old", "text"],
)
def test_writable_memory_that_is_not_private_is_shared(change: str) -> None:
    code = _LOOKING.format(change=change)
    run = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False", "True", "False"]
