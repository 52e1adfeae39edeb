"""The pages of operators, who look at all organizations."""
