"""Components of the Overview page: one card per family, on which its demo run can be tried."""
