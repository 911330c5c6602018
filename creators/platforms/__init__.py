"""The platforms that creators come from: one file each, beside a fake that stands in for all of
them.
"""
