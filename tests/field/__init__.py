"""What was reported or documented elsewhere, and what dcvd has to say of it; README.md tells how to add a case."""
