"""`lisiere rehearse`: plays a day, or a year, of a workshop in virtual time against the code that ships."""
