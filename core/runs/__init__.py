"""The run folder, which browser and script share."""
