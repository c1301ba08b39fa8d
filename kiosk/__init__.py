"""The touch screen on site: a face with no opinions. Kivy's environment is set before it is imported."""

import kiosk.environment  # noqa: F401  # for its effect
