"""Answers errors in words: an outage, a wrong setting, a filter that makes no sense, an article that does not exist."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from newswire.errors import ConfigError, NewswireError, Retry
from newswire.search.request import SearchError
from newswire.web.platform.security import mask_secrets
from newswire.web.view.rendering import show_page

HEADINGS = {
    400: "This search is not valid",
    401: "Please log in",
    403: "You may not see this",
    404: "There is nothing here",
    500: "Newswire is not set up correctly",
    503: "A server is unavailable",
}
RETRY_AFTER_SECONDS = "10"

log = structlog.get_logger(__name__)


def add_failure_pages(app: FastAPI) -> None:
    """Answer every expected error with a page, or under /api/ with JSON."""

    @app.exception_handler(NewswireError)
    def of_ours(request: Request, error: NewswireError) -> Response:
        message = mask_secrets(str(error), request.app.state.context.settings)
        if isinstance(error, SearchError):
            return _answer(request, 400, [message])
        if isinstance(error, Retry):
            log.warning("web.server_away", path=request.url.path, error=message)
            return _answer(request, 503, [message], {"Retry-After": RETRY_AFTER_SECONDS})
        event = "web.setting_wrong" if isinstance(error, ConfigError) else "web.request_failed"
        log.error(event, path=request.url.path, error=message)
        return _answer(request, 500, [message])

    @app.exception_handler(RequestValidationError)
    def of_parameters(request: Request, error: RequestValidationError) -> Response:
        return _answer(request, 400, [_in_words(found) for found in error.errors()])

    @app.exception_handler(HTTPException)
    def of_http(request: Request, error: HTTPException) -> Response:
        return _answer(request, error.status_code, [str(error.detail)], error.headers)


def _answer(request: Request, status: int, reasons: Sequence[str], headers: Any = None) -> Response:
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    if path.startswith("/api/"):
        answer: Response = JSONResponse({"error": "; ".join(reasons)}, status)
    else:
        heading = HEADINGS.get(status, HTTPStatus(status).phrase)
        answer = show_page(request, "failure.html", status, heading=heading, reasons=reasons)
    answer.headers.update(headers or {})
    return answer


def _in_words(found: Any) -> str:
    name = ".".join(str(part) for part in found["loc"][1:])
    return f"{name}: {found['msg'].removeprefix('Value error, ')}"
