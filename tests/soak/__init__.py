"""Many viewers and cameras that come, go and die in every way, and what is left of them in the server: nothing."""
