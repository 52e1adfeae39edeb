"""The control API, by which tests and people control the sandbox."""
