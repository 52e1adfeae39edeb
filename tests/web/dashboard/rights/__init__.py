"""Who may open which page of the dashboard, and press which button."""
