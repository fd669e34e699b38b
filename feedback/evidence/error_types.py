import builtins

# Raised by the libraries of data-science cases.
_LIBRARY = frozenset(
    {
        "ConvergenceWarning",
        "DataError",
        "DateParseError",
        "DTypePromotionError",
        "EmptyDataError",
        "HTTPError",
        "IncompatibleFrequency",
        "IntCastingNaNError",
        "InvalidIndexError",
        "InvalidOperation",
        "InvalidParameterError",
        "JSONDecodeError",
        "LinAlgError",
        "LossySetitemError",
        "MergeError",
        "MissingDataError",
        "NotFittedError",
        "OptionError",
        "OutOfBoundsDatetime",
        "OutOfBoundsTimedelta",
        "ParserError",
        "PatsyError",
        "SpecificationError",
        "StdinNotImplementedError",
        "UFuncTypeError",
        "URLError",
        "UndefinedVariableError",
        "UnsortedIndexError",
        "gaierror",
    }
)
_BUILTIN = frozenset(
    n for n, thing in vars(builtins).items() if isinstance(thing, type) and issubclass(thing, BaseException)
)
OWN = "own-error"


def known_type(name: str) -> str:
    """The exception's type where Python or a library made it, else `own-error`.

    A learner's class may be named after what a hidden check passed in; such a name is never said again.
    """
    return name if name in _LIBRARY or name in _BUILTIN else OWN
