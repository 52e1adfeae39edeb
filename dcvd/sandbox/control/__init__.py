"""The control API, by which tests and people steer the sandbox."""
