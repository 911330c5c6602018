"""`make bench`: speed and size as ratios measured in one sitting, one line of JSON per bench.

ONLY=redirect runs one; FULL=1 takes the big sizes. Every bench has engines of its own.
"""
