"""What a person calls the browser that she signed in with."""

from django.utils.translation import gettext as _

# The first mark that is found decides: most browsers name the older ones too.
BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"),
            ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"),
            ("Chrome/", "Chrome"), ("Safari/", "Safari"))  # fmt: skip
SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
           ("Mac OS X", "Mac"), ("CrOS", "Chromebook"), ("Linux", "Linux"))  # fmt: skip


def browser(user_agent: str) -> str:
    """Return `Firefox on Windows`, or that the browser does not say what it is."""
    found = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    if found and system:
        return _("%(browser)s on %(system)s") % {"browser": found, "system": system}
    return found or system or _("A browser that does not say its name")
