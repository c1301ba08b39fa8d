"""The language and the rules of access: frozen values and pure functions, shared by every program."""
