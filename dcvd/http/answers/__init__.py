"""What answers consist of: views, problems and pages."""
