"""How dcvd as a whole is doing: what is late, what needs the operator, and the overview that says so."""
