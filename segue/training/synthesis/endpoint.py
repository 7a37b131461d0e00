"""A language model as the writer: any endpoint that speaks OpenAI's chat completions, such as vLLM or llama.cpp serve.

It is told what each turn is about and shown a draft; it is not told the answers, so it cannot give them away. What
comes back must be JSON with one bounded utterance a turn. A plan without a usable answer after all attempts is written
from templates and counted. Knows nothing about datasets.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec
import orjson

from segue.errors import EndpointError
from segue.training.synthesis import lexicon
from segue.training.synthesis.plan import Act, Aspect, DialoguePlan, Facet, Feedback, Request, TurnPlan
from segue.training.synthesis.templates import MAX_UTTERANCE_LENGTH, TemplateWriter

MAX_ANSWER_BYTES = 256 * 1024
MAX_PAUSE_SECONDS = 30.0
# An endpoint that fails this many plans one after another is down, and every further one would cost all attempts.
MOST_FAILURES_IN_A_ROW = 20
# These pass; any other refusal means that address, model or key are wrong, and waiting does not change them.
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}

INSTRUCTIONS = """\
You play listeners who talk to a music recommender. You get the plan of one dialogue as JSON: for each turn what \
the listener says of the last list, what they ask for, and a draft. Write what this one listener types in each turn: \
short, natural, varied, in one consistent voice, sometimes careless. Say everything that the plan says and nothing \
that it does not; name no tracks or artists beside those in it. Do not copy the drafts.
Answer with JSON only: {"utterances": ["...", "..."]}, exactly one string for each turn."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how to ask. `url` is the base, as in http://127.0.0.1:8000/v1; `key` is sent as a bearer token.

    An attempt may take `timeout_seconds` in all; the n-th pause is `back_off_seconds` * 2^n, or what the endpoint asks
    for in Retry-After, never above 30 seconds.
    """

    url: str
    model: str
    key: str | None = None
    timeout_seconds: float = 60.0
    attempts: int = 4
    back_off_seconds: float = 1.0
    at_once: int = 4


class _Message(msgspec.Struct):
    content: str


class _Choice(msgspec.Struct):
    message: _Message


class _Completion(msgspec.Struct):
    choices: list[_Choice]


class _Written(msgspec.Struct):
    utterances: list[str]


class _Unusable(Exception):
    """An attempt that gave nothing; another one may. `pause_seconds` is what the endpoint asks to wait."""

    def __init__(self, reason: str, pause_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.pause_seconds = pause_seconds


class EndpointWriter:
    """Asks an endpoint for the utterances of each plan. A `writer.Writer`, and a context manager that closes it.

    `from_endpoint` and `fell_back` count plans.
    """

    def __init__(self, endpoint: Endpoint, sleep: Callable[[float], None] = time.sleep) -> None:
        self._endpoint = endpoint
        self._sleep = sleep
        self._templates = TemplateWriter()
        headers = {} if endpoint.key is None else {"Authorization": f"Bearer {endpoint.key}"}
        limits = httpx.Limits(max_connections=endpoint.at_once)
        self._client = httpx.Client(headers=headers, timeout=endpoint.timeout_seconds, limits=limits)
        self._lock = threading.Lock()
        self._in_a_row = 0
        self.from_endpoint = 0
        self.fell_back = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()

    @property
    def at_once(self) -> int:
        """How many plans may be asked for at the same time."""
        return self._endpoint.at_once

    def write(self, plan: DialoguePlan) -> tuple[str, ...]:
        """Return one utterance for each turn. Raises EndpointError when the endpoint refuses, or fails all the time."""
        drafts = self._templates.write(plan)
        body = self._body(plan, drafts)
        reason = ""
        for attempt in range(self._endpoint.attempts):
            try:
                utterances = _utterances(self._ask(body), len(plan.turns))
            except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
                raise EndpointError(f"{self._endpoint.url!r} is no address of an endpoint: {error}") from error
            except (_Unusable, httpx.RequestError) as error:
                reason = str(error) or type(error).__name__
                if attempt + 1 < self._endpoint.attempts:
                    self._sleep(self._pause(attempt, error))
            else:
                self._count(reason=None)
                return utterances
        self._count(reason)
        return drafts

    def _count(self, reason: str | None) -> None:
        with self._lock:
            self._in_a_row = 0 if reason is None else self._in_a_row + 1
            self.from_endpoint += reason is None
            self.fell_back += reason is not None
            if self._in_a_row >= MOST_FAILURES_IN_A_ROW:
                raise EndpointError(
                    f"{self._endpoint.url} gave no usable answer for {self._in_a_row} dialogues in a row; "
                    f"the last time: {reason}. Check it, or leave --endpoint out"
                )

    def _pause(self, attempt: int, error: Exception) -> float:
        asked = error.pause_seconds if isinstance(error, _Unusable) else None
        return min(MAX_PAUSE_SECONDS, self._endpoint.back_off_seconds * 2**attempt if asked is None else asked)

    def _body(self, plan: DialoguePlan, drafts: tuple[str, ...]) -> bytes:
        turns = [told(turn) | {"draft": draft} for turn, draft in zip(plan.turns, drafts, strict=True)]
        messages = [
            {"role": "system", "content": INSTRUCTIONS},
            {"role": "user", "content": orjson.dumps({"turns": turns}).decode()},
        ]
        return orjson.dumps({"model": self._endpoint.model, "messages": messages, "temperature": 1.0})

    def _ask(self, body: bytes) -> bytes:
        """Return the body of a good answer; the clock runs over the whole of it, however slowly it drips."""
        deadline = time.monotonic() + self._endpoint.timeout_seconds
        address = f"{self._endpoint.url.rstrip('/')}/chat/completions"
        headers = {"Content-Type": "application/json"}
        answer = bytearray()
        with self._client.stream("POST", address, content=body, headers=headers) as response:
            for piece in response.iter_bytes():
                answer += piece
                if time.monotonic() > deadline:
                    raise _Unusable(f"no answer within {self._endpoint.timeout_seconds:g} seconds")
                if len(answer) > MAX_ANSWER_BYTES:
                    raise _Unusable(f"an answer of more than {MAX_ANSWER_BYTES} bytes")
            self._refuse(response, bytes(answer[:200]))
        return bytes(answer)

    def _refuse(self, response: httpx.Response, said: bytes) -> None:
        if response.is_success:
            return
        if response.status_code in _PASSING or response.is_server_error:
            asked = response.headers.get("Retry-After", "")
            raise _Unusable(f"status {response.status_code}", float(asked) if asked.isdecimal() else None)
        raise EndpointError(
            f"{self._endpoint.url} refuses with status {response.status_code}: {said.decode(errors='replace')!r}; "
            "check --endpoint, --model and --key-file"
        )


def told(turn: TurnPlan) -> dict[str, Any]:
    """Return what the endpoint learns of a turn: no track of the answer, only what the listener refers to."""
    request = turn.request
    facts: dict[str, Any] = {"does": request.act.value, "says_of_last_list": [_said(it) for it in turn.feedback]}
    if turn.pleased is not None:
        facts["liked_share_of_last_list"] = round(turn.pleased, 2)
    if request.act is not Act.CLOSE:
        facts["asks_for"] = _asked(request)
    return facts


def _said(feedback: Feedback) -> dict[str, Any]:
    said: dict[str, Any] = {
        "track": feedback.track.title,
        "artist": feedback.track.artist,
        "place": f"{feedback.place} of {feedback.of}",
        "point_at_it_by": feedback.mention.value,
        "verdict": "liked" if feedback.liked else "disliked",
    }
    return said | ({} if feedback.flaw is None else {"because_too": _words(feedback.flaw)})


def _asked(request: Request) -> dict[str, Any]:
    asked: dict[str, Any] = {"what": [_words(facet) for facet in request.facets]}
    if request.without:
        asked["not"] = [_words(facet) for facet in request.without]
    if request.like is not None:
        asked["like"] = request.like.artist if request.by_artist else f"{request.like.title} by {request.like.artist}"
    if request.shifts:
        asked["but"] = [lexicon.SHIFTS[shift.value][0] for shift in request.shifts]
    return asked | ({} if request.count is None else {"number_of_tracks": request.count})


def _words(facet: Facet) -> str:
    return (
        lexicon.plain(facet) if facet.aspect in {Aspect.SOUND, Aspect.ERA} else f"{facet.aspect.value}: {facet.value}"
    )


def _utterances(answer: bytes, turns: int) -> tuple[str, ...]:
    """Return the utterances of a completion. Raises _Unusable when they are not one bounded text for each turn."""
    try:
        completion = msgspec.json.decode(answer, type=_Completion)
        content = completion.choices[0].message.content if completion.choices else ""
        # Models like to wrap JSON in a fence, or to say a word before it.
        written = msgspec.json.decode(content[content.find("{") : content.rfind("}") + 1], type=_Written)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _Unusable(f"an answer that is not the JSON asked for: {error}") from error
    said = tuple(" ".join(text.split()) for text in written.utterances)
    if len(said) != turns:
        raise _Unusable(f"{len(said)} utterances for {turns} turns")
    for text in said:
        if not 0 < len(text) <= MAX_UTTERANCE_LENGTH or not text.isprintable():
            raise _Unusable(f"an utterance of {len(text)} characters, or not printable; 1 to {MAX_UTTERANCE_LENGTH}")
    return said
