"""`lisiere site`: what a workshop is, from a file that its people can read."""
