"""Lightning callbacks: what a command writes, when a fit saves, what a run shows in W&B."""
