"""The protocol as values: names, parameters, replies, frames. No Twisted, no clock, no SQL."""
