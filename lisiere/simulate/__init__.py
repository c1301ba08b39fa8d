"""`lisiere simulate`: tries to break a whole site in virtual time, with the code that ships."""
