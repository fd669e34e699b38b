"""From evidence to what a learner is told: one finding per mistake, in consequence language."""
