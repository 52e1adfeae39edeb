"""Pages of the people of an organization, and whom alerts tell."""
