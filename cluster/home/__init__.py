"""What a home holds and sets, and what people ask of it while a fleet lives or not."""
