"""Which tests stand where.

unit: pure. contract: every store. edge: in-memory transports. conformance: RFC 9113 and 7541. integration: a real
twistd. end_to_end: run by pytest. benchmarks: run by hand.
"""
