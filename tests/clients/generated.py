"""Makes a client from a document, builds a partner's program around it, and runs that: one function for each language."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from tests.clients.tools import HERE, program, system_file, tool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

PROGRAMS = HERE / "programs"
OPENAPI_GENERATOR: Mapping[str, tuple[str, ...]] = {
    "python": ("-g", "python", "-o", ".", "--additional-properties", "packageName=gateway_client"),
    "go": ("-g", "go", "-o", "client", "--additional-properties", "packageName=client,withGoMod=false"),
    # Without it a list that is left out is sent as an empty one.
    "java": ("-g", "java", "-o", ".", "--additional-properties", "containerDefaultToNull=true"),
    # Without Polly, which NuGet alone has.
    "csharp": (
        *("-g", "csharp", "-o", ".", "--additional-properties"),
        "packageName=GatewayClient,library=httpclient,targetFramework=net48,supportsRetry=false",
    ),
    "axios": ("-g", "typescript-axios", "-o", "client"),
}
"""The folder of the program → what the generator is told, as ``docs/partners/clients.md`` says."""


def _run(folder: Path, *command: object, **environment: str) -> str:
    ran = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, f"{command[0]}: {ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"
    return ran.stdout


def _openapi_generator(folder: Path, language: str) -> None:
    jar = tool("generator/openapi-generator-cli.jar")
    parts = "models,apis,supportingFiles,modelTests=false,apiTests=false,modelDocs=false,apiDocs=false"
    command = ("generate", "-i", "openapi.json", *OPENAPI_GENERATOR[language], "--global-property", parts)
    _run(folder, program("java"), "-jar", jar, *command)


def _python(folder: Path) -> list[object]:
    python = tool("python/bin/python")
    _openapi_generator(folder, "python")
    return [python, "-W", "error", "partner.py"]


def _httpx(folder: Path) -> list[object]:
    made = (
        "generate",
        "--path",
        "openapi.json",
        "--meta",
        "none",
        "--output-path",
        "gateway_client",
        "--config",
        "generator.yaml",
        "--fail-on-warning",
    )
    # Its last step is ruff, which it looks for by name.
    path = f"{tool('python/bin')}{os.pathsep}{os.environ['PATH']}"
    _run(folder, tool("python/bin/openapi-python-client"), *made, PATH=path)
    return [tool("python/bin/python"), "-W", "error", "partner.py"]


def _go(folder: Path) -> list[object]:
    go = program("go")
    _openapi_generator(folder, "go")
    _run(folder, go, "vet", "./...")
    _run(folder, go, "build", "-o", "partner", ".")
    return [folder / "partner"]


def _java(folder: Path) -> list[object]:
    classpath = f"{tool('jars')}/*"
    _openapi_generator(folder, "java")
    sources = (folder / "src" / "main" / "java").rglob("*.java")
    _run(folder, program("javac"), "-nowarn", "-cp", classpath, "-d", "classes", "Partner.java", *sources)
    return [program("java"), "-cp", f"classes:{classpath}", "Partner"]


# Debian's Json.NET is older than these lines. They rename no field: each has its name from the document.
_NAMING = re.compile(r"NamingStrategy = new CamelCaseNamingStrategy\s*\{[^}]*\}")
_ASSEMBLIES = ("System.Net.Http", "System.ComponentModel.DataAnnotations", "System.Runtime.Serialization", "System.Web")


def _csharp(folder: Path) -> list[object]:
    """With Mono: no registry here has Microsoft's SDK."""
    compiler, runtime = program("mcs"), program("mono")
    json_net = system_file("/usr/lib/cli/Newtonsoft.Json-5.0/Newtonsoft.Json.dll", "libnewtonsoft-json5.0-cil")
    _openapi_generator(folder, "csharp")
    sources = sorted((folder / "src").rglob("*.cs"))
    for source in sources:
        source.write_text(_NAMING.sub("", source.read_text(encoding="utf-8-sig")), encoding="utf-8")
    references = [f"-r:{name}" for name in (json_net, *_ASSEMBLIES)]
    _run(folder, compiler, "-langversion:latest", "-out:partner.exe", *references, "Partner.cs", *sources)
    shutil.copy(json_net, folder)
    return [runtime, "partner.exe"]


def _axios(folder: Path) -> list[object]:
    tool("node/node_modules")
    _openapi_generator(folder, "axios")
    return _compiled(folder)


def _fetch(folder: Path) -> list[object]:
    _run(folder, tool("node/node_modules/.bin/openapi-typescript"), "openapi.json", "-o", "client/schema.d.ts")
    return _compiled(folder)


def _compiled(folder: Path) -> list[object]:
    (folder / "node_modules").symlink_to(tool("node/node_modules"))
    options = (
        "--strict",
        "--target",
        "es2022",
        "--module",
        "nodenext",
        "--moduleResolution",
        "nodenext",
        "--types",
        "node",
    )
    _run(folder, tool("node/node_modules/.bin/tsc"), *options, "--skipLibCheck", "partner.ts")
    return [program("node"), "partner.js"]


LANGUAGES: Mapping[str, Callable[[Path], list[object]]] = {
    "python": _python,
    "httpx": _httpx,
    "go": _go,
    "java": _java,
    "csharp": _csharp,
    "axios": _axios,
    "fetch": _fetch,
}
"""The folder of the program → what makes and builds it in a folder, and gives the command that runs it."""


def answers(language: str, folder: Path, document: str, **environment: str) -> dict[str, Any]:
    """What the partner's program read, in ``folder``. Raises Unavailable where a tool is not here."""
    shutil.copytree(PROGRAMS / language, folder, dirs_exist_ok=True)
    (folder / "openapi.json").write_text(document, encoding="utf-8")
    read: dict[str, Any] = json.loads(_run(folder, *LANGUAGES[language](folder), **environment))
    return read
