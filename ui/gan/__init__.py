"""The pieces of the GAN's pages."""
