"""The detectors of `ml-code-smell-detector` (MLScent) that are let through, and why each matters."""

from linting.explanations.entry import Entry

URL = "https://github.com/KarthikShivasankar/ml_smells_detector#readme"
DETECTORS: dict[str, Entry] = {}
"""The allow-list: detectors that are right on our examples and name a line."""
