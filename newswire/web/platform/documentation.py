"""The documentation of the API: OpenAPI from the types that are sent, and a page without third-party scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from newswire.web.api import ANSWERS
from newswire.web.view.rendering import show_page

REFERENCE: Final = "#/components/schemas/{name}"
ERROR: Final = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
FAILURES: Final = {
    "400": "A parameter is invalid; `error` says which one and why.",
    "404": "Nothing has this id.",
    "503": "A server is unavailable; try again.",
}


class DocumentedApi(FastAPI):
    """FastAPI that describes answers by the structs that are sent."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        if self.openapi_schema is None:
            self.openapi_schema = _complete(super().openapi())
        return self.openapi_schema


def add_documentation(app: FastAPI) -> None:
    """Serve the documentation as a page."""

    @app.get("/api/", include_in_schema=False, response_class=HTMLResponse)
    def api_page(request: Request) -> HTMLResponse:
        return show_page(request, "api.html", operations=list(_operations(app.openapi())))


def _complete(document: dict[str, Any]) -> dict[str, Any]:
    names, types = zip(*ANSWERS.items(), strict=True)
    schemas, components = msgspec.json.schema_components(types, ref_template=REFERENCE)
    of_operation: Mapping[str, Any] = dict(zip(names, schemas, strict=True))
    kept = {
        name: schema
        for name, schema in document.get("components", {}).get("schemas", {}).items()
        if "Validation" not in name  # our errors are sentences
    }
    document["components"] = {"schemas": kept | components | {"Error": ERROR}}
    for path in document["paths"].values():
        for operation in path.values():
            _describe(operation, of_operation.get(operation["operationId"]))
    return document


def _describe(operation: dict[str, Any], schema: Any) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    if schema:
        responses["200"] = {"description": "Found.", "content": {"application/json": {"schema": schema}}}
    error = {"application/json": {"schema": {"$ref": REFERENCE.format(name="Error")}}}
    responses.update({status: {"description": text, "content": error} for status, text in FAILURES.items()})


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what the page shows for each operation."""
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield {
                "path": path,
                "text": operation.get("description", ""),
                "parameters": [
                    {"name": one["name"], "text": _words(one), "type": _type(one["schema"])}
                    for one in operation.get("parameters", [])
                ],
            }


def _words(parameter: Mapping[str, Any]) -> str:
    return str(parameter.get("description") or parameter["schema"].get("description") or "")


def _type(schema: Mapping[str, Any]) -> str:
    """Return a parameter's values in a few words."""
    if choices := schema.get("enum"):
        return " | ".join(choices)
    if "anyOf" in schema:
        return " | ".join(_type(one) for one in schema["anyOf"] if one.get("type") != "null")
    if schema.get("type") == "array":
        return f"{_type(schema['items'])}, repeatable"
    return str(schema.get("type", "text"))
