"""The Qt application: presenters hold the logic, views only render."""
