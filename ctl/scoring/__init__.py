"""A trained tagger on labelled text that its run names, and the threshold that this text is in favour of."""
