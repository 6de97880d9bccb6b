"""Hostile peers against a real server, and what a well-behaved client notices of them."""
