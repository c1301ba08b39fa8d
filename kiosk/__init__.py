"""The touch screen: a face with no opinions."""
