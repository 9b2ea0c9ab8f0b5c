"""A few labelled sentences of a target: where they come from, whatever else of it has no labels."""
