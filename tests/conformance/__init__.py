"""HTTP/2 as RFC 9113 and RFC 7541 have it, section by section: what a peer may send, and what it gets for the rest."""
