"""Where the learner works: JupyterHub spawners, and nothing else."""
