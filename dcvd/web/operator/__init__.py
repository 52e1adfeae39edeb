"""Pages of operators, in whose sessions they act for no organization, or for each."""
