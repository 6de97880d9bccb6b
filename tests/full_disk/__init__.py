"""A server whose disk is filled to the last byte under load: clear answers, nothing lost, and well again by itself."""
