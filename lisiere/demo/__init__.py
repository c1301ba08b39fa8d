"""`lisiere demo`: a whole workshop on one computer, as separate processes, with a bench in place of machines."""
