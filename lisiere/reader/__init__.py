"""`lisiere reader`: try a badge reader out, and see what each badge is worth."""
