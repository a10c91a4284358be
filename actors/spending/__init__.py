"""What work may take, and what it took. No asyncio, Ray, clock or disk."""
