"""ruff's rules that fit a data-science notebook, and why each family, and each common rule, matters."""

from linting.explanations.entry import Entry

SELECT = (
    *("A001", "A002", "B", "C4", "E401", "E70", "E71", "E72", "E73", "E74", "F", "ICN001", "ISC004"),
    *("N801", "N802", "N804", "N805", "N807", "N811", "N813", "N814", "N815", "N816", "N818", "NPY"),
    *("PD002", "PD003", "PD004", "PD007", "PD011", "PD012", "PD101", "PERF", "PIE79", "PIE80", "PIE81"),
    *("PLE", "PLR01", "PLR0402", "PLR0912", "PLR0915", "PLR17", "PLR5501", "PLW", "RET501", "RET502", "RET503"),
    *("RET504", "RET505", "RET506", "RET507", "RET508", "RUF0", "SIM", "T100", "TRY201", "TRY203"),
    *("UP003", "UP004", "UP006", "UP007", "UP008", "UP01", "UP02", "UP03", "UP041", "UP045", "W605"),
)
IGNORE: dict[str, str] = {
    "PLE1142": "A cell may `await` at its top.",
    "F704": "A cell may `await` at its top.",
    "F405": "A star import is said once (F403), not again for every name.",
    "F404": "Each cell may begin with its own imports, `__future__` too.",
    "E712": "On a column, `== True` compares row by row; `is` does not.",
    "E703": "A semicolon at the end of a cell hides its output.",
    "F722": 'Shape annotations such as `"batch time"` are no code.',
    "PIE790": "`pass` stands for a masked magic or an unsolved task.",
    "B017": "About test suites; a notebook is none.",
    "B028": "A notebook has no caller to point the warning at.",
    "B905": "`zip` over columns of one table cannot differ in length.",
    "B911": "As B905.",
    "B912": "As B905.",
    "C408": "`dict(a=1)` reads well for the arguments of a plot.",
    "PERF203": "A `try` in a loop over files is how it is done.",
    "PLW1641": "Classes in a notebook are seldom put into sets.",
    "PLW2901": "Cleaning a loop's value in place is plain and common.",
    "RUF001": "Letters of other languages in texts are no mistake.",
    "RUF002": "Letters of other languages in texts are no mistake.",
    "RUF003": "Letters of other languages in comments are no mistake.",
    "RUF010": "Both ways to format are well known.",
    "RUF022": "About packages; a notebook exports nothing.",
    "RUF023": "The order of slots changes nothing.",
    "RUF028": "About a formatter that is not run here.",
    "RUF029": "An asynchronous interface may be asked for by the task.",
    "RUF039": "A pattern without any backslash needs no `r`.",
    "RUF045": "Reads a table's annotations as class variables.",
    "RUF052": "An underscore in front means many things to many people.",
    "RUF055": "A regular expression may be there to be extended.",
    "RUF065": "About the cost of logging, which a notebook does not feel.",
    "RUF067": "About packages; a notebook is none.",
    "SIM108": "A plain `if` is often the clearer one of the two.",
    "SIM112": "Names of variables outside are not the learner's.",
    "SIM116": "A short row of `if` is read as fast as a dictionary.",
    "SIM117": "Two `with` under each other are no fault.",
    "SIM300": "The side of a constant is taste.",
    "SIM905": "`'a b c'.split()` is a usual way to write a short list.",
    "UP012": "Saying the encoding is a virtue.",
    "UP017": "`timezone.utc` is understood by everybody.",
    "UP021": "An old name that works the same.",
    "UP030": "Numbers in a format string are taste.",
    "UP036": "A check of the version may serve another machine.",
    "UP038": "A tuple of types works, and in some cases faster.",
}
"""Rules of the families above that are not asked in a notebook, each with its reason."""

LEFT_OUT: dict[str, str] = {
    "ANN, D": "Annotations and docstrings on everything are for libraries; mypy reads the annotations that are there.",
    "E402": "Imports stand in the cell that first needs them.",
    "E501, W, I, Q, COM": "Layout is a formatter's business, and says nothing about the code.",
    "ERA001": "A line that is commented out may be the author's hint.",
    "INP001, EXE, CPY": "About files and packages; a notebook is neither.",
    "N803, N806": "`X` and `X_train` are the usual names in this field.",
    "PLR2004": "Every number of an analysis would be one; thresholds of a model are looked at by DS028.",
    "S": "Bandit says the same.",
    "S101, PT": "An `assert` in a notebook is a check for the reader.",
    "T20": "`print` is how a notebook speaks.",
    "FBT, C901, PLR0913": "Measures of design for code that grows; short analyses do not.",
}
"""Families and rules that are not selected at all although many projects do, each with its reason."""

FAMILIES: dict[str, Entry] = {
    "A": Entry(
        "correctness",
        "warning",
        "From here on the built-in of that name is gone, and the error appears in another cell, long after the cause.",
    ),
    "B": Entry(
        "correctness",
        "warning",
        "The construct is legal and does something else than it seems to; reviewers stop here because bugs start here.",
    ),
    "C4": Entry(
        "readability",
        "advice",
        "A comprehension or literal says it in one step and builds no list that is thrown away.",
    ),
    "E4": Entry("readability", "advice", "One import a line keeps changes and conflicts in version control small."),
    "E7": Entry(
        "readability", "advice", "Readers of Python expect the plain form; every other one costs them a second look."
    ),
    "F4": Entry("correctness", "warning", "An import that is not what it seems misleads everyone who reads on."),
    "F5": Entry(
        "correctness", "error", "The format string and its values do not fit: the line fails or prints something wrong."
    ),
    "F6": Entry(
        "correctness", "error", "The expression can have one result only, so the code does not test what it says."
    ),
    "F7": Entry("correctness", "error", "Python refuses the statement at this place: the cell cannot run at all."),
    "F8": Entry(
        "correctness", "error", "The name is not what the code takes it for; running the cells in order shows it."
    ),
    "F9": Entry("correctness", "error", "What is raised here is no exception: the error path itself will fail."),
    "ICN": Entry(
        "readability",
        "advice",
        "`np`, `pd` and `plt` are words everybody reads without looking them up; others are not.",
    ),
    "ISC": Entry(
        "correctness",
        "warning",
        "Two strings without a comma between them are one string: usually an element is missing.",
    ),
    "N": Entry(
        "readability",
        "advice",
        "Names in the usual style tell classes, functions and constants apart before one has read their code.",
    ),
    "NPY": Entry("data_science", "error", "NumPy no longer has this name: the code fails with every current version."),
    "PD": Entry(
        "data_science",
        "advice",
        "pandas keeps this form for old code only; the clear form has one meaning and will stay.",
    ),
    "PERF": Entry(
        "readability", "advice", "The loop does step by step what one expression does faster and says more clearly."
    ),
    "PIE": Entry("readability", "advice", "What adds nothing to the program still has to be read by everybody."),
    "PLE": Entry("correctness", "error", "Python raises an error here, or does something that nobody can have meant."),
    "PLR01": Entry("correctness", "warning", "The comparison has the same result every time, so it decides nothing."),
    "PLR": Entry("readability", "advice", "There is a shorter form with the same meaning and less to get wrong."),
    "PLW": Entry(
        "correctness", "warning", "It runs, but hardly does what was meant; such lines survive until the data change."
    ),
    "RET": Entry(
        "readability", "advice", "With plain ways out of a function a reader sees at once what it gives back, and when."
    ),
    "RUF": Entry(
        "correctness", "advice", "A known stumbling block of the language: the straightforward form avoids it for good."
    ),
    "SIM": Entry("readability", "advice", "Python has a form for exactly this, which readers recognise at a glance."),
    "T": Entry(
        "correctness", "warning", "A forgotten breakpoint stops every run that nobody watches, scheduled jobs first."
    ),
    "TRY": Entry(
        "readability", "advice", "An error that is handled plainly keeps its full traceback for whoever debugs it."
    ),
    "UP": Entry(
        "readability",
        "advice",
        "Code written for old versions of Python makes readers look for a reason that is not there.",
    ),
    "W6": Entry(
        "correctness",
        "warning",
        "Python already warns about this escape and will refuse it one day; a raw string says what is meant.",
    ),
    "invalid-syntax": Entry("correctness", "error", "Python refuses this: the cell cannot run at all."),
}
"""By the beginning of the code; the longest that fits counts."""

RULES: dict[str, Entry] = {
    "A002": Entry(
        "readability",
        "advice",
        "Inside the function the built-in of that name is gone; the next edit that needs it fails.",
    ),
    "B006": Entry(
        "correctness",
        "warning",
        "The default is made once and shared by all calls: what one call adds to it, the next one finds in it.",
    ),
    "B007": Entry(
        "readability",
        "advice",
        "A loop variable that nobody uses makes readers search for its use; `_` says it is not needed.",
    ),
    "B008": Entry(
        "correctness", "warning", "The call runs once, when the function is defined, not each time it is called."
    ),
    "B009": Entry(
        "readability", "advice", "`getattr` with a fixed name hides an attribute from every search and editor."
    ),
    "B010": Entry(
        "readability", "advice", "`setattr` with a fixed name hides an assignment from every search and editor."
    ),
    "B013": Entry("readability", "advice", "Brackets around one exception make readers look for a second one."),
    "B015": Entry(
        "correctness", "warning", "The comparison's result is thrown away; mostly an `=` or an `assert` was meant."
    ),
    "B018": Entry(
        "correctness",
        "warning",
        "The value is computed and thrown away: only the last expression of a cell is shown, and this is not the last.",
    ),
    "B019": Entry("correctness", "advice", "The cache holds on to every object it was called on: none is ever freed."),
    "B023": Entry(
        "correctness",
        "warning",
        "The function sees the loop variable as it is when called, after the loop: all of them get the last value.",
    ),
    "B024": Entry(
        "readability", "advice", "An abstract class without an abstract method can be instantiated like any other."
    ),
    "B027": Entry(
        "readability", "advice", "Subclasses that forget this method do nothing silently instead of failing."
    ),
    "B904": Entry(
        "readability", "advice", "Without `from` the traceback looks as if the error handling itself had failed."
    ),
    "C416": Entry("readability", "advice", "The comprehension only copies; `list(…)` or `dict(…)` says so."),
    "C419": Entry(
        "readability",
        "advice",
        "The list is built to its end before `any` or `all` looks at it; a generator can stop early.",
    ),
    "E711": Entry(
        "correctness",
        "warning",
        "`==` asks the object, and a table answers row by row, always False: `is None`, or `.isna()` for columns.",
    ),
    "E721": Entry(
        "correctness", "warning", "Types compared with `==` miss subclasses; `isinstance` is what callers expect."
    ),
    "E722": Entry(
        "correctness",
        "warning",
        "It also catches the typo in the line above and the keyboard interrupt, so real faults look like normal cases.",
    ),
    "E731": Entry(
        "readability", "advice", "A `def` has a name in tracebacks and room for a docstring; this lambda has neither."
    ),
    "E741": Entry("readability", "advice", "`l`, `O` and `I` look like 1 and 0 in many fonts."),
    "F401": Entry(
        "dead_code",
        "warning",
        "Everybody who runs or packages the notebook must install it, and readers look for its use in vain.",
    ),
    "F403": Entry(
        "correctness",
        "warning",
        "Nobody can tell where a name comes from, and a new version of the library may replace one of yours.",
    ),
    "F504": Entry(
        "correctness", "warning", "A value is passed that the text never shows; mostly a placeholder is missing."
    ),
    "F522": Entry(
        "correctness", "warning", "A value is passed that the text never shows; mostly a placeholder is missing."
    ),
    "F523": Entry(
        "correctness", "warning", "A value is passed that the text never shows; mostly a placeholder is missing."
    ),
    "F541": Entry(
        "readability", "advice", "An `f` without a placeholder makes readers look for the value that is missing."
    ),
    "F601": Entry("correctness", "warning", "The later value silently replaces the earlier one for the same key."),
    "F631": Entry(
        "correctness",
        "error",
        "An assertion of a tuple never fails: the brackets turned condition and message into one value.",
    ),
    "F632": Entry(
        "correctness",
        "error",
        "`is` compares identity: it holds for small numbers by chance of the interpreter and fails for the next value.",
    ),
    "F811": Entry(
        "correctness",
        "warning",
        "The first definition is lost before anybody used it; whoever edits that one wonders why nothing changes.",
    ),
    "F821": Entry(
        "correctness",
        "error",
        "It works only because the kernel still holds the name from an earlier session; from top to bottom it fails.",
    ),
    "F841": Entry(
        "dead_code",
        "warning",
        "A result nobody uses is either wasted work or a bug: another variable was meant further down.",
    ),
    "F842": Entry(
        "dead_code", "advice", "An annotation alone makes no variable: whoever reads it later gets a NameError."
    ),
    "N804": Entry(
        "correctness", "warning", "Every Python reader takes the first argument of a class method for `cls`."
    ),
    "N805": Entry("correctness", "warning", "Every Python reader takes the first argument of a method for `self`."),
    "NPY002": Entry(
        "data_science",
        "warning",
        "The global generator is shared by all code in the process: a library that draws from it changes your results. "
        "A generator of your own, made with a seed, does not move.",
    ),
    "PD002": Entry(
        "data_science",
        "warning",
        "It saves no memory, breaks chaining and returns None; assigning the result is as fast and easier to follow.",
    ),
    "PD007": Entry("data_science", "error", "pandas has no `.ix` any more: the line fails with every current version."),
    "PD011": Entry(
        "data_science",
        "advice",
        "`.values` gives an array or an extension type, depending on the column; `.to_numpy()` always gives an array.",
    ),
    "PERF401": Entry(
        "readability", "advice", "A comprehension says what the list is; the loop makes readers follow how it grows."
    ),
    "PIE794": Entry("correctness", "warning", "The later field silently replaces the earlier one of the same name."),
    "PIE796": Entry(
        "correctness", "warning", "Two members with one value are one member: the second is only an alias."
    ),
    "PLR0912": Entry(
        "readability", "advice", "Every branch doubles the ways through a function; past a dozen nobody tests them all."
    ),
    "PLR0915": Entry(
        "readability",
        "advice",
        "A function that does not fit on a screen is understood in pieces and tested as a whole.",
    ),
    "PLR1704": Entry(
        "correctness",
        "warning",
        "The argument's value is lost here; code further down reads something else than was passed.",
    ),
    "PLR1708": Entry("correctness", "error", "Inside a generator this becomes a RuntimeError; `return` ends it."),
    "PLW0108": Entry(
        "readability", "advice", "The lambda only passes its arguments on; the function itself does the same."
    ),
    "PLW0120": Entry(
        "readability", "advice", "Without a `break` the `else` of a loop always runs; nobody remembers that."
    ),
    "PLW0177": Entry(
        "data_science",
        "error",
        "NaN is unequal to everything, itself included: the comparison is always the same, and no row is ever found.",
    ),
    "PLW0603": Entry(
        "readability",
        "advice",
        "A function that changes globals gives other results depending on which cells ran before, and how often.",
    ),
    "PLW1510": Entry(
        "correctness", "warning", "Without `check=True` a command that failed looks like one that succeeded."
    ),
    "PLW3301": Entry(
        "readability", "advice", "`min` and `max` take any number of values; nesting them only adds brackets."
    ),
    "RET503": Entry(
        "correctness",
        "warning",
        "On one way out the function returns None without saying so; its caller fails, not this line.",
    ),
    "RUF005": Entry("readability", "advice", "Unpacking works for every kind of sequence and says what the result is."),
    "RUF006": Entry("correctness", "warning", "Nobody holds the task: Python may collect it before it has finished."),
    "RUF008": Entry(
        "correctness", "warning", "All instances share this one value: a change in one shows up in the others."
    ),
    "RUF009": Entry(
        "correctness", "warning", "The call runs once, when the class is defined; all instances share its result."
    ),
    "RUF012": Entry(
        "correctness", "warning", "All instances share this one value: a change in one shows up in the others."
    ),
    "RUF013": Entry(
        "types", "advice", "The annotation forbids None and the default is None: callers cannot trust either."
    ),
    "RUF015": Entry("readability", "advice", "The whole list is built for its first element; `next(iter(…))` is not."),
    "RUF016": Entry(
        "correctness", "error", "The sequence cannot be indexed with a value of this type: the line fails."
    ),
    "RUF017": Entry(
        "correctness", "warning", "Adding lists copies the sum each time: twice the data takes four times as long."
    ),
    "RUF024": Entry(
        "correctness", "warning", "All keys share this one value: a change under one shows up under the others."
    ),
    "RUF026": Entry(
        "correctness", "error", "As a keyword it becomes an ordinary entry, and missing keys still raise KeyError."
    ),
    "RUF059": Entry(
        "dead_code",
        "advice",
        "A part nobody uses makes readers search for its use; a leading underscore says it is not needed.",
    ),
    "SIM115": Entry(
        "correctness",
        "warning",
        "Nobody closes the file: on an error, or in a long session, what was written may never reach the disk.",
    ),
    "SIM220": Entry("correctness", "error", "The condition can never hold, so the branch never runs."),
    "SIM221": Entry("correctness", "error", "The condition always holds, so it decides nothing."),
    "SIM222": Entry(
        "correctness", "error", "The condition always holds: mostly a comparison is missing on one side of `or`."
    ),
    "SIM223": Entry("correctness", "error", "The condition can never hold, so the branch never runs."),
    "TRY203": Entry("readability", "advice", "The handler only raises the error again; without it the same happens."),
    "UP031": Entry("readability", "advice", "An f-string shows the value where it appears; `%` makes readers count."),
    "UP032": Entry(
        "readability", "advice", "An f-string shows the value where it appears; `.format` makes readers count."
    ),
}
"""Rules about which there is more to say than about their family."""
