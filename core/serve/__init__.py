"""A trained run as a service on loopback."""
