"""Composition roots: each module here assembles one kind of process from the other rooms."""
