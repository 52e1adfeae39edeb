"""What a terminal shows: tables, colours, and how a person ends a command."""
