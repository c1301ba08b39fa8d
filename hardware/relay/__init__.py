"""The relay: its pin, the keeper that counts its hold down, the keeper's client, and a simulated output."""
