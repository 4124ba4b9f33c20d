"""Reading YAML and CSV with line numbers for messages; other rooms know the meaning of the fields."""
