"""What the shop's pages do: guard, ask, answer."""
