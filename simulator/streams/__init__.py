"""Trajectories sampled into the Arrow batches of the four streams; nothing is simulated here."""
