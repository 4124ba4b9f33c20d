"""The command line's commands, one file each, and their options; each calls one function of another room."""
