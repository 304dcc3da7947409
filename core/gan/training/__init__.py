"""Generator and discriminator, their compiled training step, and the metrics of generated images."""
