"""Madrid Bus Real-Time Simulator: what an installation shows to other projects.

`bus_simulator.launcher` starts the program, whose own packages no other project sees.
"""

from importlib.metadata import version

__version__ = version("bus-simulator")
