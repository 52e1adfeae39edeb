"""Charts as shapes, which pages draw as SVG."""
