"""A family in numpy alone: milliseconds a run, as sensitive to a lost or doubled step as a network."""
