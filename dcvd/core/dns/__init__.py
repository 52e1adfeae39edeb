"""Names, and what DNS shows about them."""
