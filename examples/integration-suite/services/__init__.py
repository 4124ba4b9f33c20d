"""The services of the departures board: a package of this project."""
