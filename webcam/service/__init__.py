"""Use cases, one noun a module. They see storage through :mod:`webcam.ports` alone, and no transport at all."""
