"""What Prometheus scrapes: counters folded from the journal, gauges of what is now, one table of them all."""
