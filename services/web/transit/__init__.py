"""Routes of what a transit operator publishes: visits to stops, arrivals, shapes and timetables."""
