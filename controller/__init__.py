"""One machine's life: its law, the thread that owns it, its journal, its lease and its LAN port."""
