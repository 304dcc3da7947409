"""A family implemented in numpy: a run takes milliseconds, and a lost or repeated step changes its result."""
