"""How a learner's code differs from the nearest correct solution: where, and in what way; never what stands there."""
