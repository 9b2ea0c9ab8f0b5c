"""The mathematics of the report: resampled scores, means with intervals, scaling curves, trends."""
