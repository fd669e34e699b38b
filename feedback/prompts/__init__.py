"""What is said to a model: stable texts, public facts of the case, and a channel for what learners wrote."""
