"""Why a trained classifier answered as it did."""
