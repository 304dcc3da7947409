"""Everything in Hidden State that is true without a screen."""
