"""Network, scenario and run from options and files, and the reload of a changed network; parsing is in
`simulator`.
"""
