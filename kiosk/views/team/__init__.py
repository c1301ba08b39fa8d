"""The team's pages, from what is known to what is shown: pure, and without Kivy, as all views."""
