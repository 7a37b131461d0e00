"""Downloads jars from Maven Central, resolved by jgo in pure Python, with a progress bar. Knows not what they are for.

A jar has its final name only when its checksum is right, so an interrupted download leaves nothing that a later run
would take for a jar.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

import requests
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext, PythonResolver
from jgo.parse import Endpoint
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from segue.errors import StackError

DOWNLOADS_AT_ONCE = 6
TIMEOUT_SECONDS = 30
CHUNK_BYTES = 1 << 16


def download_jars(coordinates: Sequence[str], cache: Path, console: Console) -> list[Path]:
    """Return the jars of the coordinates and of all they need, downloading what the cache lacks.

    Where two of the coordinates need one jar, the first one decides its version. Raises StackError when the repository
    cannot be reached, the disk is full or a checksum is wrong.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        return _resolve_and_download(coordinates, cache, console)
    except requests.RequestException as error:
        raise StackError(f"Kafka's jars cannot be downloaded ({_host(error)}); connect to a network") from error
    except OSError as error:
        raise StackError(f"Kafka's jars cannot be kept in {cache}: {error.strerror or error}") from error


def _resolve_and_download(coordinates: Sequence[str], cache: Path, console: Console) -> list[Path]:
    with _progress(console) as progress:
        finding = progress.add_task("finding Kafka's jars", total=None)
        resolver = _WholeFiles(progress)
        context = MavenContext(resolver=resolver, repo_cache=cache, timeout=TIMEOUT_SECONDS)
        artifacts = list(_artifacts(context, coordinates))
        progress.remove_task(finding)
        resolver.downloading = progress.add_task(f"downloading {len(artifacts)} jars of Kafka", total=0)
        with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            return list(pool.map(lambda artifact: Path(artifact.resolve()), artifacts))


def _artifacts(context: MavenContext, coordinates: Sequence[str]) -> Iterator[Any]:
    seen = set()
    for coordinate in coordinates:
        dependencies = [context.create_dependency(item) for item in Endpoint.parse(coordinate).coordinates]
        given, further = context.resolver.resolve(dependencies)
        for dependency in (
            *given,
            *(item for item in further if item.scope in ("compile", "runtime")),
        ):
            artifact = dependency.artifact
            if (name := (artifact.groupId, artifact.artifactId)) not in seen:
                seen.add(name)
                yield artifact


class _WholeFiles(PythonResolver):
    """jgo's resolver, with downloads that are checked and appear whole or not at all."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress
        self.downloading: TaskID | None = None

    def download(self, artifact: Any) -> Path:
        """Download one file of Maven Central into the cache and return its path."""
        [repository] = artifact.context.remote_repos.values()
        url = f"{repository}/{artifact.component.path_prefix.as_posix()}/{artifact.filename}"
        response = requests.get(url, stream=True, timeout=TIMEOUT_SECONDS)
        response.raise_for_status()
        self._announce(int(response.headers.get("content-length", 0)))
        checksum = requests.get(f"{url}.sha1", timeout=TIMEOUT_SECONDS)
        checksum.raise_for_status()
        target = Path(artifact.cached_path)
        with _appearing_whole(target) as file:
            digest = self._copy(response, file)
            if digest != checksum.text.split()[0]:
                raise StackError(f"{url} arrived damaged (SHA-1 {digest}); run the command again")
        return target

    def _announce(self, size: int) -> None:
        if self.downloading is not None:
            known = self._progress.tasks[self._progress.task_ids.index(self.downloading)].total or 0
            self._progress.update(self.downloading, total=known + size)

    def _copy(self, response: requests.Response, file: IO[bytes]) -> str:
        digest = hashlib.sha1(usedforsecurity=False)  # what Maven Central publishes
        for chunk in response.iter_content(CHUNK_BYTES):
            file.write(chunk)
            digest.update(chunk)
            if self.downloading is not None:
                self._progress.advance(self.downloading, len(chunk))
        return digest.hexdigest()


@contextmanager
def _appearing_whole(target: Path) -> Iterator[IO[bytes]]:
    """Open a file beside the target that takes its place at the end, and is removed when anything goes wrong."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=target.parent, prefix=".", suffix=".part", delete=False) as file:
        part = Path(file.name)
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


def _progress(console: Console) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True)


def _host(error: requests.RequestException) -> str:
    """Return what was asked and how it failed, without the layers of exceptions below."""
    asked = error.request.url if error.request is not None else MAVEN_CENTRAL_URL
    return f"{asked!s}: {type(error).__name__}"
