"""A server that is killed at random moments under load, and a model of what must be there when it is back."""
