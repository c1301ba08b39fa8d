"""`lisiere kiosk`: the touch screen's process."""
