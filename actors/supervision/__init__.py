"""The health monitor around the rules of actors/health: it reads, pings, restarts and guards."""
