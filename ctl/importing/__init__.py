"""Predictions of other tools and of people as soft-label stores."""
