"""The API as OpenAPI describes it, made from the endpoints themselves."""

from __future__ import annotations

import re
from typing import Any

from llmotel.local.endpoints import ENDPOINTS, FILTER_PARAMETERS, Endpoint
from llmotel.version import __version__

_PROBLEM = {
    "description": "What is wrong (RFC 9457)",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_OBJECT = {"application/json": {"schema": {"type": "object"}}}


def document() -> dict[str, Any]:
    """The whole description."""
    paths: dict[str, Any] = {}
    for endpoint in ENDPOINTS:
        path = re.sub(r":\w+}", "}", endpoint.path)
        paths[path] = {"get": _get(endpoint, path)}
    paths["/api/health"] = {"get": _plain("Whether it works, and how much is stored.")}
    paths["/api/openapi.json"] = {"get": _plain("This description.")}
    paths["/api/alerts"] = {"get": _plain("Alert rules: state, values, history.")}
    paths["/api/alerts/try"] = {
        "get": {
            **_plain("What a rule would have done in the past with another threshold."),
            "parameters": _query(
                (
                    ("name", "the rule"),
                    ("threshold", "in place of the one that is set"),
                    ("since", "15m, 24h, 7d or an ISO time"),
                    ("from", "an ISO time"),
                    ("to", "an ISO time"),
                )
            ),
        }
    }
    paths["/api/live"] = {
        "get": {
            "summary": "Server-sent events: `spans` after commits, at most one a second; `ping` every 15 seconds.",
            "responses": {"200": {"description": "events", "content": {"text/event-stream": {}}}},
        }
    }
    paths["/api/export"] = {
        "get": {
            "summary": "Calls, or whole traces, as a file.",
            "parameters": [
                {
                    "name": "format",
                    "in": "query",
                    "schema": {"enum": ["jsonl", "csv", "parquet", "otlp"]},
                    "description": "otlp: JSON lines of whole traces",
                },
                *_query(FILTER_PARAMETERS),
            ],
            "responses": {"200": {"description": "the file"}, "400": _PROBLEM},
        }
    }
    paths["/api/scores"] = {
        "post": {
            "summary": "Scores a call by hand.",
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["trace_id", "span_id", "score"],
                            "additionalProperties": False,
                            "properties": {
                                "trace_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
                                "span_id": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
                                "name": {"type": "string", "maxLength": 200, "default": "feedback"},
                                "score": {"type": "number", "minimum": 0, "maximum": 1},
                                "label": {"type": "string", "maxLength": 200},
                                "comment": {"type": "string", "maxLength": 20000},
                            },
                        }
                    }
                },
            },
            "responses": {"201": {"description": "the score", "content": _OBJECT}, "400": _PROBLEM, "404": _PROBLEM},
        }
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "llmotel local",
            "version": __version__,
            "description": "Calls, traces and questions of the local store. Times are ISO 8601 in UTC, durations "
            "seconds, money USD. What is not known is null.",
        },
        "paths": paths,
        "components": {
            "schemas": {
                "Problem": {
                    "type": "object",
                    "required": ["title", "status", "detail"],
                    "properties": {
                        "type": {"type": "string"},
                        "title": {"type": "string"},
                        "status": {"type": "integer"},
                        "detail": {"type": "string"},
                        "parameter": {"type": "string"},
                    },
                }
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _plain(summary: str) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": {"description": "the answer", "content": _OBJECT}}}


def _get(endpoint: Endpoint, path: str) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]
    own = list(endpoint.parameters)
    if endpoint.filters:
        taken = {name for name, _ in own}
        own += [one for one in FILTER_PARAMETERS if one[0] not in taken]
    return {
        "summary": endpoint.purpose,
        "parameters": [*parameters, *_query(own)],
        "responses": {
            "200": {"description": "the answer", "content": _OBJECT},
            "400": _PROBLEM,
            "404": _PROBLEM,
            "503": _PROBLEM,
        },
    }


def _query(parameters: Any) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "schema": {"type": "string"}, "description": meaning}
        for name, meaning in parameters
    ]


__all__ = ["document"]
