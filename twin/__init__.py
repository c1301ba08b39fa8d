"""The central twin: authority for people, machines and policy; keeper of what the units report."""
