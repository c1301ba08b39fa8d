"""`lisiere bench`: how fast the product is, beside the least that this very computer could need."""
