"""Live state in memory: streams, their viewers, and the hub that knows the streams."""
