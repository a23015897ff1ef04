"""Building blocks that know nothing of the app they stand in."""
