"""The teachers of a transfer: models that a stage trains, and taggers that others trained."""
