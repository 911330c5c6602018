"""The API as a whole: its operations, its errors, its description (OpenAPI)."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from affiliates.api import both, brand, creator, problems
from affiliates.api.schemas.shared import ProblemOut
from config.lib.locks import was_locked

logger = logging.getLogger(__name__)
ABOUT = """Programs of brands and creators read and do what their pages show.

Send `Authorization: Bearer` and a key, made on the page API keys. Amounts are minor units with
their currency, moments are UTC. Lists come in pages: pass `next` as `after`. Errors are
`application/problem+json` (RFC 9457).
"""


class House(NinjaAPI):
    """Describes errors once, and names operations after their functions."""

    def get_openapi_operation_id(self, operation: Any) -> str:
        return operation.view_func.__name__

    def get_openapi_schema(self, **how: Any) -> OpenAPISchema:
        found = super().get_openapi_schema(**how)
        found["components"]["schemas"]["Problem"] = ProblemOut.model_json_schema(
            ref_template="#/components/schemas/{model}"
        )
        found["components"]["schemas"] |= found["components"]["schemas"]["Problem"].pop("$defs")
        for path in found["paths"].values():
            for method, operation in path.items():
                self._describe_errors(method, operation)
        return found

    @staticmethod
    def _describe_errors(method: str, operation: dict[str, Any]) -> None:
        body = {"$ref": "#/components/schemas/Problem"}
        codes = [400, 401, 403, 404, 405, 422, 429, 500, 503]
        codes += [409, 413, 415] if method in {"post", "put", "patch"} else []
        for status in codes:
            title = problems.KNOWN[problems.BY_STATUS[status]][1]
            operation["responses"][status] = {
                "description": title,
                "content": {problems.TYPE: {"schema": body}},
            }
            if status == 429:
                operation["responses"][status]["headers"] = {
                    "Retry-After": {
                        "description": "Seconds until it goes on.",
                        "required": True,
                        "schema": {"type": "string"},
                    }
                }


api = House(
    title="Thousand", version="1", description=ABOUT, docs_url=None, openapi_url=None,
    urls_namespace="api", auth=None,
)  # fmt: skip
for one in (both, brand, creator):
    api.add_router("", one.router)


@api.exception_handler(problems.Problem)
def _problem(request: HttpRequest, error: problems.Problem) -> HttpResponse:
    return problems.answer(error.code, error.detail, error.headers, **error.more)


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return problems.answer("not-found")


@api.exception_handler(PermissionDenied)
def _denied(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    return problems.answer("not-allowed")


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = [
        {"where": ".".join(str(step) for step in one["loc"]), "what": one["msg"]}
        for one in error.errors
    ]
    return problems.answer("invalid", errors=errors)


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problems.answer(problems.BY_STATUS.get(error.status_code, "bad-request"), str(error))


@api.exception_handler(Exception)
def _failed(request: HttpRequest, error: Exception) -> HttpResponse:
    if isinstance(error, OperationalError) and was_locked(error):
        return problems.answer("busy", headers={"Retry-After": "5"})
    logger.exception("%s %s failed", request.method, request.path)
    return problems.answer("failed")
