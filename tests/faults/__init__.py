"""A server on a bad machine: slow and full disks, a wrong clock, lost connections; nothing is lost or left over."""
