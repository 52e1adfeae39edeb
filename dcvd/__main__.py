"""`python -m dcvd` is `dcvd`."""

from dcvd.cli import main

if __name__ == "__main__":
    main()
