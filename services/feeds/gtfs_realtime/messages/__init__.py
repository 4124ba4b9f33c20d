"""Messages as protocol buffers and as JSON: positions, trip updates, alerts; not the tick they tell of."""
