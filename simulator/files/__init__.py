"""Reading YAML and CSV with line numbers for messages; what the fields mean is left to the rooms that read
files.
"""
