"""`lisiere board`: an electrician's tool for the machine-side board."""
