"""One line's service day in SimPy, as trajectories of its buses and stops; nothing is sampled or written
here.
"""
