"""EMT Madrid's MobilityLabs API for the simulated city: login, arrivals, stops, lines; and its own port."""
