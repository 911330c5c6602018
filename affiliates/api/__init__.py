"""The API for programs of brands and creators: `/api/v1/`.

The same functions as the pages, behind a token in place of a session. docs/api.md.
"""
