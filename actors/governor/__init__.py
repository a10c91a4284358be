"""Who may call which model now: pure values and rules, the clock and the randomness handed in."""
