"""Every table that a person sees and can take along, by whose it is.

`creators.py` and `brands.py` say which, `shop/tables.py` those of the shop. A test walks all of
them: a table that stands on a page belongs here, with the page's own rows.
"""
