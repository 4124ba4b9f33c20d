"""What operators' scripts do with a deployment: verify, costs, keys, logs, images; the scripts are in
`scripts/`.
"""
