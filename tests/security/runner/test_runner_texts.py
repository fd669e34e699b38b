"""Code that a check calls looks for the check's text, and for that of the programs that it brings."""

import pytest

from services.contracts.observation import CheckCode
from services.runner.service import Runner
from tests.security.runner.conftest import observe, request

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]

LOOKS_EVERYWHERE = '''
import gc, sys
# a text that stays: kept-text-4711, with more behind it

def holding(*pieces):
    """Kinds of what holds a text with these pieces: over all frames and all that the collector knows."""
    wanted, seen, holders = "".join(pieces), set(), set()
    texts = {str: wanted, bytes: wanted.encode(), bytearray: wanted.encode()}
    gc.unfreeze()
    frame, todo = sys._getframe(), gc.get_objects()
    while frame := frame.f_back:
        todo += [frame.f_locals, frame.f_globals, frame.f_code]
    while todo:
        one = todo.pop()
        if id(one) in seen or one is todo or one is seen:
            continue
        seen.add(id(one))
        for inner in one.co_consts if type(one) is type(holding.__code__) else gc.get_referents(one):
            if type(inner) not in texts:
                todo.append(inner)
            elif len(inner) > len(wanted) and texts[type(inner)] in inner:
                holders.add(type(one).__name__)
    return sorted(holders)

def of_cell():
    return holding("kept-", "text-4711")

def of_check():
    return holding("check-", "text-4712")

def of_program():
    return holding("program-", "text-4713")

def of_code():
    """What is found all the same: the code that came of a program, by its constants."""
    return holding("constant-", "text-4714")
'''
CHECK = """
# the check-text-4712, with more behind it
programs = globals().pop("__caseloop_programs__")
assert of_cell() != []
assert of_check() == []
assert of_program() == []
assert of_code() == []
"""
PROGRAM = "# the program-text-4713, with more behind it\nsaid = 'a constant-text-4714, with more behind it'\n"


async def test_the_text_of_a_check_and_its_programs_is_nowhere_while_it_runs(runner: Runner) -> None:
    check = CheckCode(id="k1", source=CHECK, programs=(PROGRAM, "no Python ("))
    asked = request(LOOKS_EVERYWHERE, probes=(), wall_seconds=60, probe_seconds=60, cpu_seconds=60)
    (seen,) = (await observe(runner, asked.model_copy(update={"checks": (check,)}))).checks
    found = [operands.left.get("items") for operands in seen.operands]
    assert found[0]
    assert found[1:3] == [[], []], found
    # Compiled code cannot be hidden from what runs beside it; docs/explanation/runner.md says so.
    assert found[3]
