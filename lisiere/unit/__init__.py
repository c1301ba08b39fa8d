"""`lisiere unit`: one machine's unit, as its Pi runs it."""
