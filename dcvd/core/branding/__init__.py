"""How an organization looks on the pages that its customers see."""
