"""Many transfers: targets, sets of sources and seeds."""
