"""What people type, turned into what the shop speaks."""
