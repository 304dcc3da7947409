"""Generator and discriminator, their compiled step, and the metrics of what is drawn."""
