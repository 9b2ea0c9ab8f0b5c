"""A trained model as folders that other programs read."""
