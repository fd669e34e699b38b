"""The process in which learners' code is parsed and analysed: it may crash, hang or be killed at any time."""
