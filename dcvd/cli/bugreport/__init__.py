"""`dcvd bugreport`: what helps to find a fault, in one file without secrets."""
