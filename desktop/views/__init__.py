"""What the screens show: pages and panels, composed of widgets, fed by presenters."""
