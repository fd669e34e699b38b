"""What a function of the learner's can reach, told from its compiled code: nothing runs for it."""

import builtins
import opcode
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any, Final

FUNCTIONS: Final = frozenset(
    {
        "abs", "all", "any", "bool", "bytes", "chr", "complex", "dict", "divmod", "enumerate", "filter", "float",
        "format", "frozenset", "int", "isinstance", "issubclass", "iter", "len", "list", "map", "max", "min", "next",
        "ord", "pow", "range", "repr", "reversed", "round", "set", "slice", "sorted", "str", "sum", "tuple", "type",
        "zip",
    }
)  # fmt: skip
"""Builtins that reach nothing but what they are given."""
READING: Final = frozenset({"eval", "query"})
"""Methods of tables that are given text to run, in which any name may stand."""

DRAWING: Final = frozenset({"boxplot", "hist", "plot"})
"""Methods of tables that open figures, which stay open."""
_SETTING: Final = frozenset(
    {
        "chdir", "environ", "filterwarnings", "getcontext", "putenv", "reset_option", "resetwarnings", "set_config",
        "set_option", "set_printoptions", "setcontext", "seterr", "setlocale", "simplefilter",
    }
)  # fmt: skip
"""What sets something for the whole process."""
_BUILTINS: Final = frozenset(vars(builtins))
_ERRORS: Final = frozenset(
    name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, Exception)
)
_OPERATIONS: Final = frozenset(
    {
        "BEFORE_WITH", "BINARY_OP", "BINARY_SUBSCR", "BUILD_CONST_KEY_MAP", "BUILD_LIST", "BUILD_MAP", "BUILD_SET",
        "BUILD_SLICE", "BUILD_STRING", "BUILD_TUPLE", "CACHE", "CALL", "CALL_FUNCTION_EX", "CHECK_EXC_MATCH",
        "COMPARE_OP", "CONTAINS_OP", "COPY", "COPY_FREE_VARS", "DELETE_DEREF", "DELETE_FAST", "DELETE_SUBSCR",
        "DICT_MERGE", "DICT_UPDATE", "EXTENDED_ARG", "FORMAT_VALUE", "FOR_ITER", "GET_ITER", "GET_LEN",
        "GET_YIELD_FROM_ITER", "IS_OP", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "JUMP_FORWARD",
        "JUMP_IF_FALSE_OR_POP", "JUMP_IF_TRUE_OR_POP", "KW_NAMES", "LIST_APPEND", "LIST_EXTEND", "LIST_TO_TUPLE",
        "LOAD_ASSERTION_ERROR", "LOAD_ATTR", "LOAD_CLOSURE", "LOAD_CONST", "LOAD_DEREF", "LOAD_FAST", "LOAD_GLOBAL",
        "LOAD_METHOD", "MAKE_CELL", "MAKE_FUNCTION", "MAP_ADD", "MATCH_CLASS", "MATCH_KEYS", "MATCH_MAPPING",
        "MATCH_SEQUENCE", "NOP", "POP_EXCEPT", "POP_JUMP_BACKWARD_IF_FALSE", "POP_JUMP_BACKWARD_IF_NONE",
        "POP_JUMP_BACKWARD_IF_NOT_NONE", "POP_JUMP_BACKWARD_IF_TRUE", "POP_JUMP_FORWARD_IF_FALSE",
        "POP_JUMP_FORWARD_IF_NONE", "POP_JUMP_FORWARD_IF_NOT_NONE", "POP_JUMP_FORWARD_IF_TRUE", "POP_TOP", "PRECALL",
        "PUSH_EXC_INFO", "PUSH_NULL", "RAISE_VARARGS", "RERAISE", "RESUME", "RETURN_GENERATOR", "RETURN_VALUE",
        "SEND", "SET_ADD", "SET_UPDATE", "STORE_DEREF", "STORE_FAST", "STORE_SUBSCR", "SWAP", "UNARY_INVERT",
        "UNARY_NEGATIVE", "UNARY_NOT", "UNARY_POSITIVE", "UNPACK_EX", "UNPACK_SEQUENCE", "WITH_EXCEPT_START",
        "YIELD_VALUE",
        # Python 3.12 and later
        "BINARY_SLICE", "CALL_INTRINSIC_1", "CALL_KW", "CONVERT_VALUE", "END_FOR", "END_SEND", "FORMAT_SIMPLE",
        "FORMAT_WITH_SPEC", "LOAD_FAST_AND_CLEAR", "LOAD_FAST_CHECK", "LOAD_FAST_LOAD_FAST", "POP_JUMP_IF_FALSE",
        "POP_JUMP_IF_NONE", "POP_JUMP_IF_NOT_NONE", "POP_JUMP_IF_TRUE", "RETURN_CONST", "SET_FUNCTION_ATTRIBUTE",
        "STORE_FAST_LOAD_FAST", "STORE_FAST_STORE_FAST", "STORE_SLICE", "TO_BOOL",
    }
)  # fmt: skip
"""All but imports, classes, coroutines, and what gives a value to an attribute or a name outside the function."""
_PLAIN: Final = frozenset(opcode.opmap[name] for name in _OPERATIONS & opcode.opmap.keys())
_CONSTANTS: Final = frozenset({type(None), type(...), bool, int, float, complex, str, bytes})


def names_in(function: FunctionType, namespace: dict[str, Any]) -> frozenset[str] | None:
    """The names in the learner's namespace that it may find; None where it could reach others, or keep something.

    All names in its code count, attributes' too.
    """
    if function.__globals__ is not namespace or function.__closure__ or function.__dict__:
        return None
    defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
    codes = list(_codes(function.__code__))
    if not all(map(_is_constant, defaults)) or not all(map(_is_plain, codes)):
        return None
    names = {name for code in codes for name in code.co_names}
    # A builtin that the learner has hidden is the real one again where a check uses it.
    if names & (READING | DRAWING | _SETTING | _BUILTINS - FUNCTIONS - _ERRORS) or any(
        name.startswith("_") for name in names
    ):
        return None
    return frozenset(names.intersection(namespace))


def _codes(code: CodeType) -> Iterator[CodeType]:
    """The code, and that of the functions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _is_plain(code: CodeType) -> bool:
    operations = frozenset(code.co_code[::2])
    return operations <= _PLAIN and all(isinstance(found, CodeType) or _is_constant(found) for found in code.co_consts)


def _is_constant(value: Any) -> bool:
    """Whether it can never change."""
    if type(value) in (tuple, frozenset):
        return all(map(_is_constant, value))
    return type(value) in _CONSTANTS
