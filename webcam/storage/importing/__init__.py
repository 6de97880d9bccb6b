"""Taking over the database of the older server: what it holds, what becomes of that here, and how far a run is."""
