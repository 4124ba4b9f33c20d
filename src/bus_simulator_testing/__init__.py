"""The simulator in other projects' tests: see docs/testing-with.md.

It starts the program as a process or a container and speaks to it over its API. It imports none of the
program's packages: they bear names that projects have, too.
"""
