"""What Prometheus needs: where to scrape, rules, and who is told of alerts."""
