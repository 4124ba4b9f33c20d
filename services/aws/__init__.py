"""AWS services that several parts share: clock, network, keys, events, connections, logs, metrics; Lambda
functions are in `services.lambdas`.
"""
