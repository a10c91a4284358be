"""How it is run: plans, the run state, the driver, the fleet, the command line."""
