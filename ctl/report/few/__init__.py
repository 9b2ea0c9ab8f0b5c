"""Part of a study's report: what a few labelled sentences of the target bring, and how many the transfer is worth."""
