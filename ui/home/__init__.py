"""The pieces of the first page: a card a family, on which its demo run is tried at once."""
