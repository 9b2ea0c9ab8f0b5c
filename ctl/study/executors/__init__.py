"""Executors run the stages of a study: in this process, in several of this machine, in a Ray cluster, as SLURM jobs."""
