"""A believable day of the market, as locust plays it: `make load MINUTES=30`."""
