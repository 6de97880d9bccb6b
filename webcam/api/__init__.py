"""The edge: what a request of the protocol is decoded to, which service it calls, how the answer is written."""
