"""A web camera server: devices of an account push frames, pictures and messages; the others see them at once."""

__version__ = "0.1.0"
