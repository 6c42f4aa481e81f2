"""The skeleton of a client library's instrumentation (CONTRIBUTING.md, "A new provider"), for ``make new-provider``.

``python -m docs.new_provider DISTRIBUTION [IMPORT_NAME]`` writes the provider module, its place in the registry and in
pyproject.toml, a row of the contract, calls for docs/telemetry and the README's row; for a library that Stainless did
not generate also a dialect and the package of its wire format. The library has to be installed: its version and its
client are looked at. What is left to do says TODO.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parent.parent

MODULE = '''"""{title}'s client library. TODO: what it speaks."""

from __future__ import annotations

{typing}from llmotel.instrumentation.instrumentor import Instrumentor
from llmotel.spec import {words}
{imports}

{locate}PROVIDER = Provider(
    name="{name}",  # TODO: the conventions' value of gen_ai.provider.name, if they have one
    library="{library}",
    module="{module}",
    versions=("{version}", None),  # TODO: the oldest that was tried
{fields}
)


class {title}Instrumentor(Instrumentor):
    """Instruments ``{library}``."""

    provider = PROVIDER
'''
STAINLESS = {
    "typing": "",
    "words": "Provider",
    "imports": "from llmotel_instrumentors import stainless\nfrom llmotel_instrumentors.dialects import compatible\n",
    "locate": "",
    "fields": """    seams=stainless.seams("{module}"),
    retries=stainless.retries("{module}"),
    match=compatible.match,
    assume_own_vendor=True,""",
}
OWN = {
    "typing": "from typing import Any\n\n",
    "words": "Endpoint, Provider, Request, Seam",
    "imports": "from llmotel_instrumentors.dialects import {name}\n",
    "locate": '''def locate(client: Any, args: tuple[Any, ...], kwargs: Any) -> Request | None:
    """TODO: the request behind the arguments of the seam."""
    return Request("", "chat", kwargs, kwargs.get("stream") is True, client.base_url)


def match(request: Request) -> Endpoint | None:
    """The endpoint behind a request. TODO: what runs no model is left alone."""
    return {name}.CHAT if request.path == "chat" else None


''',
    "fields": """    seams=(
        Seam("{module}.client", "Client.chat", locate),  # TODO: the one method that every call passes
        Seam("{module}.client", "AsyncClient.chat", locate, is_async=True),
    ),
    match=match,""",
}
DIALECT = '''"""{title}'s API. TODO: its documentation's address."""

from __future__ import annotations

from typing import Any

from llmotel.model.inference import Inference, Usage
from llmotel.spec import Endpoint
from llmotel.spec.reading import count, get, text


def read_request(inference: Inference, body: Any) -> None:
    """Model and parameters. TODO"""
    inference.request_model = text(get(body, "model"))


def read_response(inference: Inference, response: Any) -> None:
    """Identity, finish reasons and usage. TODO"""
    inference.response_id = text(get(response, "id"))
    inference.response_model = text(get(response, "model"))
    usage = get(response, "usage")
    inference.usage = Usage(count(get(usage, "input_tokens")), count(get(usage, "output_tokens")))


CHAT = Endpoint("chat", read_request, read_response)  # TODO: chunks; and content, in a module of its own
'''
WIRE = '''"""Bodies of {title}'s API, written from its reference documentation (TODO: address), field for field.

TODO: builders, and their routes in ``llmotel/testing/routes.py``.
"""
'''
ROW = """{name_upper} = {call}


PROVIDERS = ("""
STAINLESS_ROW = """_compatible(
    "{library}",
    {title}Instrumentor,
    ({module}.{title}, {module}.Async{title}),
    "TODO: a model that genai-prices knows",
    dict,  # TODO: what the host adds to a completion, in llmotel/testing/openai_wire/hosts.py
)"""
OWN_ROW = """replace(  # TODO: a row of its own: clients, errors, a Shape per way to call it
    OPENAI, name="{name}", library="{library}", instrumentor={title}Instrumentor, seam="{name}"
)"""
SCENARIO = """

# {title}.


@scenario("{library}", "Chat completion", Reply(chat.completion(PARIS, usage=chat.usage(24, 11))))
def _(client: {module}.{title}) -> None:
    client.chat.completions.create(model="TODO", messages=QUESTION)
"""


def skeleton(library: str, module: str, version: str, *, stainless: bool, root: Path = ROOT) -> list[str]:
    """Writes the skeleton below ``root``; the files that it wrote or changed. ``SystemExit`` where there is one.

    ``library`` is the name of the distribution, ``module`` what is imported of it.
    """
    name = re.sub(r"\W", "_", library)
    title = "".join(part.capitalize() for part in re.split(r"\W|_", library))
    kind = STAINLESS if stainless else OWN
    names = {
        "name": name,
        "library": library,
        "module": module,
        "title": title,
        "version": version,
        "name_upper": name.upper(),
    }
    folder = root / "instrumentors" / "llmotel_instrumentors"
    if (folder / f"{name}.py").exists():
        sys.exit(f"{name}.py is there already")
    made: dict[Path, str] = {folder / f"{name}.py": _filled(MODULE, {**names, **_each(kind, names)})}
    if not stainless:
        made[folder / "dialects" / f"{name}.py"] = _filled(DIALECT, names)
        made[root / "llmotel" / "testing" / f"{name}_wire" / "__init__.py"] = _filled(WIRE, names)

    def change(path: str, *edits: Callable[[str], str]) -> None:
        text = (root / path).read_text("utf-8")
        for edit in edits:
            text = edit(text)
        made[root / path] = text

    place = f'"llmotel_instrumentors.{name}:{title}Instrumentor"'
    modules = "" if module == library.replace("-", "_") else f', ("{module}",)'
    row = _filled(STAINLESS_ROW if stainless else OWN_ROW, names)
    change(
        "llmotel/instrumentation/registry.py",
        _listed("LIBRARIES = {\n", f'    "{library}": Entry({place}{modules}),\n'),
    )
    change(
        "pyproject.toml",
        _listed("[project.entry-points.opentelemetry_instrumentor]\n", f"llmotel-{library} = {place}\n"),
        _listed("dev = [\n", f'  "{library}=={version}",\n'),
        _listed("oldest = [\n", f'  "{library}=={version}", # TODO: the oldest that is supported\n'),
    )
    change(
        "tests/contract/providers.py",
        lambda text: text.replace("PROVIDERS = (", _filled(ROW, {**names, "call": row}), 1),
        lambda text: re.sub(r"(?m)^(PROVIDERS = \([^)]*)\)", rf"\1, {names['name_upper']})", text, count=1),
        _listed("from typing import Any\n\n", f"import {module}\n"),
        _listed(
            "from llmotel_instrumentors.anthropic import AnthropicInstrumentor\n",
            f"from llmotel_instrumentors.{name} import {title}Instrumentor\n",
        ),
    )
    client = f'    "{library}": lambda server: {module}.{title}(api_key="sk-loopback", base_url=server.openai_url),\n'
    change(
        "docs/telemetry/scenarios.py",
        _listed("from typing import Any\n\n", f"import {module}\n"),
        lambda text: text.replace("}\nSCENARIOS:", f"{client}}}\nSCENARIOS:", 1) + _filled(SCENARIO, names),
    )
    change(
        "README.md",
        lambda text: text.replace(
            "\nAll of it synchronous and", f"| `{library}` | >={version} | TODO |\n\nAll of it synchronous and", 1
        ),
    )
    for path, text in made.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    return [path.relative_to(root).as_posix() for path in made]


def _filled(template: str, values: dict[str, str]) -> str:
    """``template`` with its ``{name}`` fields; other braces stay."""
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], found[0]), template)


def _each(templates: dict[str, str], values: dict[str, str]) -> dict[str, str]:
    return {key: _filled(template, values) for key, template in templates.items()}


def _listed(head: str, line: str) -> Callable[[str], str]:
    """Puts ``line`` into the block of lines that begins after ``head``, before the first that sorts after it."""

    def edit(text: str) -> str:
        before, found, after = text.partition(head)
        if not found:
            sys.exit(f"there is no {head.strip()!r} to put {line.strip()!r} below")
        lines = after.splitlines(keepends=True)
        end = next((at for at, one in enumerate(lines) if one.strip() in ("", "]", "}")), len(lines))
        at = next((at for at, one in enumerate(lines[:end]) if one.strip() > line.strip() and "{" not in one), end)
        return before + found + "".join([*lines[:at], line, *lines[at:]])

    return edit


def main(*arguments: str) -> None:
    """Writes the skeleton of the library that ``arguments`` name."""
    if len(arguments) not in (1, 2):
        sys.exit(__doc__)
    library, module = arguments[0], arguments[-1].replace("-", "_")
    try:
        version = metadata.version(library)
    except metadata.PackageNotFoundError:
        sys.exit(f"{library} is not installed here: .venv/bin/python -m pip install {library}")
    stainless = importlib.util.find_spec(f"{module}._base_client") is not None
    print(*skeleton(library, module, version, stainless=stainless), sep="\n")  # noqa: T201
    print("Each TODO in them is left to you: see CONTRIBUTING.md, A new provider.")  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
