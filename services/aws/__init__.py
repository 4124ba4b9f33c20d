"""Services of AWS that several parts share: clock, network, keys, events, connections, logs, metrics;
functions are in `services.lambdas`.
"""
