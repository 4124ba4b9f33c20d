"""Reports for people: comparisons of runs, realism, charts; the measures are in `simulator.analysis`."""
