"""The API in words: the page for people, and the description for programs."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from ninja.responses import NinjaJSONEncoder

from affiliates import deliveries, events
from affiliates.api import problems, tokens
from affiliates.api.house import api
from config.lib.access import public
from config.lib.http import render_page


@cache
def described() -> dict[str, Any]:
    """Return the OpenAPI description, made once."""
    found = api.get_openapi_schema(path_prefix="/api/v1/")
    return json.loads(json.dumps(found, cls=NinjaJSONEncoder))


@public
@require_safe
def openapi(request):
    told = described() | {"servers": [{"url": settings.SITE_URL}]}
    response = HttpResponse(json.dumps(told), content_type="application/json")
    response["Cache-Control"] = "public, max-age=300"
    return response


@public
@csrf_exempt
def nothing(request):
    """Any other address below the API."""
    raise Http404


@public
@require_safe
def page(request):
    """All operations with their fields, keys, errors and webhooks, drawn here: no script, no CDN."""
    found = described()
    context = {
        "groups": _groups(found),
        "problems": [
            {"code": code, "status": status, "title": title}
            for code, (status, title) in problems.KNOWN.items()
        ],
        "kinds": [
            {"kind": kind, "said": _(said), "who": who}
            for kind, (said, who) in events.KINDS.items()
        ],
        "per_minute": tokens.PER_MINUTE,
        "tries": deliveries.TRIES,
        "site": settings.SITE_URL,
    }
    return render_page(request, "affiliates/api_docs.html", context)


def _groups(found: dict[str, Any]) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {"Both": [], "Brand": [], "Creator": []}
    scopes = _scopes()
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            groups[operation["tags"][0]].append(
                {
                    "id": operation["operationId"],
                    "method": method.upper(),
                    "path": path,
                    "scope": scopes[operation["operationId"]],
                    "about": operation.get("description", ""),
                    "asks": [_asked(one) for one in operation["parameters"]],
                    "body": _fields(found, _schema(operation.get("requestBody", {}))),
                    "answer": _fields(found, _schema(_best(operation["responses"]))),
                }
            )
    return [{"name": name, "operations": rows} for name, rows in groups.items()]


def _scopes() -> dict[str, str]:
    return {
        operation.view_func.__name__: callback.scope
        for router in api._get_bound_routers()
        for view in router.path_operations.values()
        for operation in view.operations
        for callback in operation.auth_callbacks
    }


def _best(responses: dict[str, Any]) -> dict[str, Any]:
    return responses.get("200") or responses["201"]


def _schema(holder: dict[str, Any]) -> dict[str, Any]:
    return holder.get("content", {}).get("application/json", {}).get("schema", {})


def _asked(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": one["name"], "where": one["in"], "required": one["required"],
        "type": _type(one["schema"]), "about": one.get("description", ""),
    }  # fmt: skip


def _fields(found: dict[str, Any], schema: dict[str, Any], depth: int = 0) -> list[dict[str, Any]]:
    """Return the fields of a schema as rows, those of what is in it below them."""
    schema = _resolved(found, schema)
    rows = []
    for name, one in schema.get("properties", {}).items():
        rows.append(
            {
                "name": name, "depth": depth, "type": _type(one),
                "about": one.get("description", ""), "required": name in schema.get("required", []),
            }
        )  # fmt: skip
        inner = next((part for part in (one, *one.get("anyOf", [])) if _inside(part)), None)
        if inner is not None and _name(_inside(inner)) != "Money":
            rows += _fields(found, _inside(inner), depth + 1)
    return rows


def _inside(one: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema of an object that a field holds, or a list of."""
    if "$ref" in one:
        return one
    items = one.get("items")
    return items if isinstance(items, dict) and "$ref" in items else None


def _name(schema: dict[str, Any] | None) -> str:
    return (schema or {}).get("$ref", "").rpartition("/")[2]


def _resolved(found: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    return found["components"]["schemas"][_name(schema)] if "$ref" in schema else schema


def _type(one: dict[str, Any]) -> str:
    if "anyOf" in one:
        return " or ".join(_type(part) for part in one["anyOf"])
    if "$ref" in one:
        return "money" if _name(one) == "Money" else "object"
    if "enum" in one:
        return " | ".join(str(value) for value in one["enum"] if value != "")
    if "const" in one:
        return str(one["const"])
    if one.get("type") == "array":
        return f"list of {_type(one['items'])}"
    return one.get("format") or one.get("type", "any")
