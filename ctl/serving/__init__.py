"""A trained tagger in other programs: an HTTP service, and a component of spaCy."""
