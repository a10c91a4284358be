"""Supervision: observations in, decisions out. Knows no clock, disk, process or Ray; time and chance are handed in."""
