"""Taggers that others trained, as teachers: their own labels and words become P(tag | word) under the task's tags."""
