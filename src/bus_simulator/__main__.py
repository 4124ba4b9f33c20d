"""`python -m bus_simulator` is `bus-simulator`."""

from bus_simulator.launcher import main

if __name__ == "__main__":
    main()
