"""Mixing turns the answers of several teachers into one: it infers who is right, and lets teachers abstain."""
