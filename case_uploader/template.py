"""The text of the case that `case new` writes: small, whole, and passing `case check` as it is."""

CASE_YAML = """\
# What Caseloop should know about this case. Only `id` and `title` are required.
# The reference of every key is docs/reference/case-format.md.

id: {id}  # lower-case letters, digits and dashes; never change it after publishing
title: {title}
summary: >-
  A café wrote down what it sold. Find out what it earned, and when.
level: introductory     # introductory | intermediate | advanced
minutes: 20             # what a learner should plan for
ai_mode: full           # none | lead_and_reveal | full
strictness: light       # light | strict
topics: [pandas, aggregation]

# How often a learner may press Check on one subtask. Leave it out for no limit.
# quotas:
#   checks: 20

# What one run may use. Raise only what your reference really needs.
limits:
  wall_seconds: 20
  memory_mb: 512

# `caseloop case check` puts small faults into your solution. This much of them your checks must catch before the case
# may be published. What changes nothing that matters is named here with a reason.
ci:
  threshold: 0.8
#  equivalent:
#    - mutant: 0123456789
#      reason: the rows are sorted already

# One entry for each subtask that has more to say than its cells do. The ids are those in the notebook
# (cell metadata "caseloop": {{"subtask": "<id>"}}).
subtasks:
  - id: total-revenue
    title: What did the café earn?
    # First step of the hint ladder: how to begin, in your words.
    plan: Work out one row by hand first. Then think about which rows cannot be worked out at all.
    # Last step: something small and unrelated that shows the idea.
    example: |
      lengths = pd.Series([2.0, None, 3.0])
      lengths.sum()    # 5.0: what is missing is skipped
    # Values to compare with those of your solution. `decides: false` would only explain a failed check.
    compare:
      - name: total
        relative_tolerance: 1e-9
    # What a learner hears when a check cell fails. Say the consequence, never the fix.
    hints:
      total-revenue-check: The total differs from what the till says.

  - id: best-day
    title: Which day was best?
    plan: You need one number for each day before you can say which is largest.
    # Calls of a learner's function; the results are compared with those of your solution.
    probes:
      - call: best_day
        args:
          - frame:
              day: ["2024-05-01", "2024-05-02", "2024-05-01"]
              price: [1.0, 1.5, 1.0]
              quantity: [1, 1, 1]
"""

FLAWS_YAML = """\
# Mistakes you have seen before. Publishing makes sure that the checks catch each of them, and a learner who
# makes one hears your words. Say what the mistake leads to, never how to mend it.

- id: missing-counted-as-one
  subtask: total-revenue
  title: A missing quantity is counted as one piece
  words: >-
    On some days nobody wrote down how much was sold. Your total says that something was sold there. Would the
    till agree?
  edits:
    - cell: total-revenue-answer
      find: frame["quantity"]
      replace: frame["quantity"].fillna(1)

- id: single-row-instead-of-day
  subtask: best-day
  title: The best single row is taken for the best day
  words: Your day holds the largest single sale. A day with many small sales never has a chance.
  answer:
    best-day-answer: |
      def best_day(frame):
          earned = frame["price"] * frame["quantity"]
          return str(frame.loc[earned.idxmax(), "day"])
"""

REQUIREMENTS = """\
# Names and versions that your solution needs. What the common environment of learners lacks is installed for this case.
pandas
"""

SALES_CSV = """\
day,product,price,quantity
2024-05-01,espresso,2.2,14
2024-05-01,croissant,1.8,9
2024-05-02,espresso,2.2,11
2024-05-02,cheesecake,4.5,7
2024-05-02,croissant,1.8,
2024-05-03,espresso,2.2,20
2024-05-03,cheesecake,4.5,
2024-05-03,croissant,1.8,6
2024-05-04,espresso,2.2,8
2024-05-04,croissant,1.8,12
"""

INTRODUCTION = """\
# {title}

A café wrote down what it sold on four days in May (`data/sales.csv`). Each row is a product on a day, with its price
in euros and how many pieces were sold. Where the `quantity` is missing, nothing was sold.

Press **Check** in the panel whenever you like. You will hear at once whether a step is right."""

TOTAL_TEXT = """\
## 1. What did the café earn?

Finish `revenue(frame)`: it returns what all rows of such a table earned together, in euros, as a `float`.
The result for the café goes into `total`."""

TOTAL_ANSWER = '''\
import pandas as pd

sales = pd.read_csv("data/sales.csv")


def revenue(frame):
    """Return what all rows earned together, in euros."""
    ### BEGIN SOLUTION
    earned = frame["price"] * frame["quantity"]
    return float(earned.sum())
    ### END SOLUTION


total = revenue(sales)'''

TOTAL_CHECK = """\
assert isinstance(total, float), "total should be a float"
assert revenue(sales.head(1)) == 2.2 * 14, "one row: price times quantity"
### BEGIN HIDDEN TESTS
assert abs(total - 196.7) < 1e-6
with_gap = pd.DataFrame({"price": [2.0, 3.0], "quantity": [4, None]})
assert revenue(with_gap) == 8.0
### END HIDDEN TESTS"""

BEST_TEXT = """\
## 2. Which day was best?

Write `best_day(frame)`: it returns the day that earned most, as text (`"2024-05-01"`). When two days earned the same,
the earlier one wins."""

BEST_ANSWER = '''\
def best_day(frame):
    """Return the day that earned most, as text."""
    ### BEGIN SOLUTION
    earned = frame["price"] * frame["quantity"]
    by_day = earned.groupby(frame["day"]).sum()
    return str(by_day.idxmax())
    ### END SOLUTION'''

BEST_CHECK = """\
assert best_day(sales.head(2)) == "2024-05-01", "with one day there is no choice"
### BEGIN HIDDEN TESTS
assert best_day(sales) == "2024-05-02"
even = pd.DataFrame({"day": ["b", "a"], "price": [1.0, 1.0], "quantity": [2, 2]})
assert best_day(even) == "a"
### END HIDDEN TESTS"""

TOTAL_VARIANT = '''\
import pandas as pd

sales = pd.read_csv("data/sales.csv")


def revenue(frame):
    """Return what all rows earned together, in euros."""
    total = 0.0
    for price, quantity in zip(frame["price"], frame["quantity"]):
        if pd.notna(quantity):
            total += price * quantity
    return float(total)


total = revenue(sales)'''

BEST_VARIANT = '''\
def best_day(frame):
    """Return the day that earned most, as text."""
    sums = {}
    for row in frame.itertuples():
        if pd.notna(row.quantity):
            sums[row.day] = sums.get(row.day, 0.0) + row.price * row.quantity
    return min(sums, key=lambda day: (-sums[day], day))'''
