"""What every process of ours has of its machine: sources, disk, memory, a loop that ticks, a grip on others."""
