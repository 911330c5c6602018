"""Addresses of the API. Each view says in `access_rule` that a token is what opens it."""

from django.urls import URLPattern, path, re_path
from ninja.operation import Operation

from affiliates.api import docs
from affiliates.api.house import api

app_name = "api"


operations, _app, _namespace = api.urls


def _asked(operation: Operation) -> set[str]:
    """Return the names that a query of this operation may hold."""
    models = [one for one in operation.models if one.__ninja_param_source__ == "query"]
    return {name for model in models for name in model.__ninja_flatten_map__}


ASKS = {  # method -> what its query may hold, by the name of each operation on one address
    one.view_func.__name__: {
        method: _asked(other) for other in path.operations for method in other.methods
    }
    for router in api._get_bound_routers()
    for path in router.path_operations.values()
    for one in path.operations
}


def _open_to_tokens(pattern: URLPattern) -> URLPattern:
    view = pattern.callback
    view.login_required = False
    view.access_rule = "token"
    view.asks = ASKS[pattern.name]
    view.takes = sorted(view.asks)
    return pattern


urlpatterns = [
    *(_open_to_tokens(one) for one in operations if one.name != "api-root"),
    path("openapi.json", docs.openapi, name="openapi"),
    re_path(r"^(?!docs$).*$", docs.nothing, name="nothing"),
]
