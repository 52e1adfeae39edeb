"""What every call shares: authentication, bodies, parameters, problems and answers."""
