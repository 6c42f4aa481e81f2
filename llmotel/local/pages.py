"""The files of the viewer. Only files that are there are served; a path is looked up, never opened."""

from __future__ import annotations

import mimetypes
from pathlib import Path, PurePosixPath

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from llmotel.local.problems import problem

STATIC = Path(__file__).parent / "viewer" / "static"
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".html": "text/html",
          ".svg": "image/svg+xml", ".json": "application/json", ".woff2": "font/woff2"}  # fmt: skip


class Pages:
    """Serves ``folder``; every other path without a suffix is ``index.html``, whose page knows what to show."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._folder = folder
        self._files: dict[str, Path] = {}

    def _find(self, path: str) -> Path | None:
        found = self._files.get(path)
        if found is None or not found.is_file():
            self._files = {
                f"/{file.relative_to(self._folder).as_posix()}": file
                for file in self._folder.rglob("*")
                if file.is_file() and not file.name.startswith(".")
            }
            found = self._files.get(path)
        return found

    async def __call__(self, request: Request) -> Response:
        """The file, or the page."""
        path = request.url.path
        file = self._find("/index.html" if path == "/" else path)
        if file is None and not PurePosixPath(path).suffix and not path.startswith(("/api/", "/v1/")):
            file = self._find("/index.html")
        if file is None:
            return problem(404, f"{path[:200]!r} is not here")
        kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return FileResponse(file, media_type=kind, headers={"Cache-Control": "no-cache"})


__all__ = ["STATIC", "Pages"]
