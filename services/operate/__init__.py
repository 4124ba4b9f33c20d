"""Operators' work on a deployment: verification, costs, keys, logs, images; the command lines are in
`scripts/`.
"""
