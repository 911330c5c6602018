"""The web's door. Links are answered in front of Django's handler, as DESIGN 3.2 asks."""

import gc
import importlib
import importlib.util
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
if importlib.util.find_spec("affiliates.redirect"):
    application = importlib.import_module("affiliates.redirect").wrap(application)
gc.freeze()  # what is loaded stays: the collector need not look through it again and again
