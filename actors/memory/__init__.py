"""What was remembered, by people and by results, and how it is found again. No asyncio, Ray, clock or disk."""
