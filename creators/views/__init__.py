"""What creators and visitors ask of this app over HTTP."""
