"""Boards and alerts for Grafana: generated JSON, provisioning by file, and pushing over its API."""
