"""Power cuts: what a server wrote and never synced is lost. See docs/proof.rst."""
