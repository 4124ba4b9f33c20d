"""Loading of network, scenario and run from options and files, and reloading of a changed network; parsing is
in `simulator`.
"""
