"""Everything that runs, feeds or answers: the command line, the processes, the APIs and AWS; the model is in
`simulator`, the stores in `storage`.
"""
