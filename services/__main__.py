"""`python -m services` is `bus-simulator`."""

from services.cli import main

if __name__ == "__main__":
    main()
