from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from legacy_client.errors import BadAnswer
from legacy_client.transport.hub.known_heads import KnownHeads
from legacy_client.transport.hub.response import ResponseReader

if TYPE_CHECKING:
    from legacy_client.transport.hub.whole_response import WholeResponse

REQUEST = requests.Request("PATCH", "http://core.test/actions/1").prepare()
START = b"HTTP/1.1 200 OK\r\nDate: Sun, 29 Nov 2026 12:00:00 GMT\r\nContent-Type: application/json\r\n"
LIKE_IT = START + b"Content-Length: 11\r\nVia: a\r\n\r\nhello again"


def heads_with(data: bytes = START + b"Content-Length: 5\r\nVia: a\r\n\r\nhello", max_bytes: int = 1000) -> KnownHeads:
    """Which have seen ``data``."""
    heads = KnownHeads(max_bytes)
    reader = ResponseReader(heads)
    reader.feed(data)
    reader.take(REQUEST)
    return heads


def known(heads: KnownHeads, data: bytes) -> WholeResponse:
    answer = heads.answer(data, REQUEST)
    assert answer is not None
    return answer


def test_an_answer_whose_head_differs_in_its_length_only_needs_no_parser() -> None:
    answer = known(heads_with(), LIKE_IT)

    assert (answer.status_code, answer.content) == (200, b"hello again")
    assert dict(answer.headers) == {
        "date": "Sun, 29 Nov 2026 12:00:00 GMT",
        "content-type": "application/json",
        "content-length": "11",
        "via": "a",
    }
    assert answer.request is REQUEST


def test_each_answer_has_headers_of_its_own() -> None:
    heads = heads_with()
    first = known(heads, LIKE_IT).headers
    second = known(heads, LIKE_IT.replace(b"11", b"5").replace(b" again", b""))
    names = ("Via", "Content-Length", "X-None")

    assert [first.get(name) for name in names] == ["a", "11", None]
    assert [second.headers.get(name) for name in names] == ["a", "5", None]
    assert second.headers.get("X-None", "so") == "so"
    first["Via"] = "b"
    assert (first.get("Via"), second.headers.get("Via"), known(heads, LIKE_IT).headers.get("Via")) == ("b", "a", "a")


@pytest.mark.parametrize(
    "data",
    [
        LIKE_IT[:-1],
        LIKE_IT + b"!",
        LIKE_IT + LIKE_IT,
        LIKE_IT.replace(b"11", b"011"),
        LIKE_IT.replace(b"11", b"+11"),
        LIKE_IT.replace(b"11", b"11 "),
        LIKE_IT.replace(b"11", b"11, 11"),
        LIKE_IT.replace(b"Via: a", b"Content-Length: 11\r\nVia: a"),
        LIKE_IT.replace(b"Via: a", b"Connection: close\r\nVia: a"),
        LIKE_IT.replace(b"Via: a", b"Transfer-Encoding: chunked\r\nVia: a"),
        LIKE_IT.replace(b"Via: a", b"Via: b"),
        LIKE_IT.replace(b"Content-Length", b"content-length"),
        LIKE_IT.replace(b"200", b"201"),
        LIKE_IT.partition(b"\r\n\r\n")[0],
        b"\r\n" + LIKE_IT,
        b"HTTP/1.1 100 Continue\r\n\r\n" + LIKE_IT,
        b"",
    ],
)
def test_anything_else_is_for_the_parser(data: bytes) -> None:
    assert heads_with().answer(data, REQUEST) is None


@pytest.mark.parametrize(
    "data",
    [
        START + b"Content-Length: 5\r\nConnection: close\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n",
        START + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        START + b"Content-Length: 5\r\ncontent-length: 5\r\n\r\nhello",
        START + b"Content-Length: 05\r\n\r\nhello",
        START + b"X: " + b"x" * 2048 + b"\r\nContent-Length: 5\r\n\r\nhello",
    ],
    ids=["close", "1.0", "408", "204", "304", "chunked", "two-lengths", "odd-length", "long"],
)
def test_what_may_mean_something_else_next_time_is_not_learned(data: bytes) -> None:
    heads = KnownHeads(1000)

    for _ in range(2):
        reader = ResponseReader(heads)
        assert reader.whole(data, REQUEST) is None
        reader.feed(data)
        reader.take(REQUEST)


def test_content_is_bounded() -> None:
    heads = heads_with(max_bytes=10)

    assert heads.answer(LIKE_IT.replace(b"11", b"10").removesuffix(b"n"), REQUEST) is not None
    assert heads.answer(LIKE_IT, REQUEST) is None


def test_an_answer_that_has_begun_is_the_parsers() -> None:
    reader = ResponseReader(heads_with())
    reader.feed(LIKE_IT[:40])

    assert reader.whole(LIKE_IT, REQUEST) is None
    assert reader.feed(LIKE_IT[40:])
    assert reader.take(REQUEST).content == b"hello again"
    assert reader.whole(LIKE_IT, REQUEST) is not None


@pytest.mark.parametrize(("count", "is_known"), [(32, True), (33, False), (1033, False), (1034, True)])
def test_a_core_whose_heads_all_differ_is_not_learned_for_a_thousand_answers(count: int, is_known: bool) -> None:
    heads = KnownHeads(1000)
    reader = ResponseReader(heads)
    for number in range(count):
        data = START + b"X-Request-ID: %d\r\nContent-Length: 5\r\n\r\nhello" % number
        reader.feed(data)
        reader.take(REQUEST)

    assert (heads.answer(data, REQUEST) is not None) == is_known


def was_known(heads: KnownHeads, data: bytes) -> bool:
    """Whether a connection finds its head known. It is read in any case."""
    reader = ResponseReader(heads)
    if reader.whole(data, REQUEST) is not None:
        return True
    reader.feed(data)
    reader.take(REQUEST)
    return False


@pytest.mark.parametrize(("answers_a_second", "for_ever"), [(5, True), (4, False)])
def test_a_core_that_says_the_time_is_learned_for_ever_where_it_answers_often(
    answers_a_second: int, for_ever: bool
) -> None:
    heads = KnownHeads(1000)
    seconds = []
    for second in range(100):
        data = START + b"Age: %d\r\nContent-Length: 5\r\n\r\nhello" % second
        seconds.append([was_known(heads, data) for _ in range(answers_a_second)])

    first_known = [False] + [True] * (answers_a_second - 1)
    assert seconds[:32] == [first_known] * 32
    assert all(second == first_known for second in seconds) == for_ever


def test_a_core_that_writes_the_length_in_two_ways_is_not_learned() -> None:
    heads = KnownHeads(1000)
    spellings = (b"Content-Length: 5", b"content-length: 5")

    known = [was_known(heads, START + spellings[turn // 2 % 2] + b"\r\n\r\nhello") for turn in range(1000)]

    assert known == [False, True] + [False] * 998


@pytest.mark.parametrize("after", [b"", b"Via: a\r\n"])
def test_no_part_of_an_answer_is_taken_for_a_whole_one(after: bytes) -> None:
    heads = heads_with(START + b"Content-Length: 5\r\n" + after + b"\r\nhello")
    for length in range(1000):
        data = START + b"Content-Length: %d\r\n" % length + after + b"\r\n" + b"x" * length
        for cut in range(min(len(data) - length + 8, len(data))):
            assert heads.answer(data[:cut], REQUEST) is None


DATES = [b"", b"Date: Sun, 29 Nov 2026 12:00:00 GMT\r\n", b"Date: Sun, 29 Nov 2026 12:00:01 GMT\r\n"]
OTHERS = [
    b"",
    b"Connection: keep-alive\r\n",
    b"Connection: close\r\n",
    b"X: Content-Length: 3\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Via: a\r\nvia: b\r\n",
    b"Via:\tc \r\n",
    b"Via: d\r\n folded\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"X-Lone: 1\nTransfer-Encoding: chunked\r\n",
]
LENGTHS = [
    b"Content-Length: %d\r\n",
    b"content-length:%d\r\n",
    b"Content-Length:  %d\r\n",
    b"Content-Length: %d \r\n",
    b"Content-Length: 0%d\r\n",
    b"Content-Length: %d\r\nContent-Length: 7\r\n",
    b"",
]


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    line = draw(st.sampled_from([b"200 OK", b"200 OK", b"404 Not Found", b"204 No Content", b"100 Continue"]))
    lines = [draw(st.sampled_from(DATES)), draw(st.sampled_from(OTHERS)), draw(st.sampled_from(LENGTHS))]
    content = draw(st.sampled_from([b"", b"hello", b"hello a", b"HTTP/1.1 200 OK\r\n\r\n"]))
    told = draw(st.sampled_from([len(content), len(content), len(content), 5, 0]))
    head = b"".join(draw(st.permutations(lines)))
    head = head.replace(b"%d", b"%d" % told)
    return b"HTTP/1.%d %b\r\n%b\r\n%b" % (draw(st.sampled_from([1, 1, 0])), line, head, content)


def read(reader: ResponseReader, data: bytes) -> object:
    """What a connection does with ``data``, and all that can be seen of the answer."""
    try:
        answer = reader.whole(data, REQUEST)
        if answer is None:
            if not reader.feed(data):
                return "more"
            answer = reader.take(REQUEST)
    except BadAnswer as error:
        return error.reason
    told = [answer.headers.get(name) for name in ("Content-Type", "Via", "Content-Length", "Content-Encoding")]
    return answer.status_code, answer.content, told, dict(answer.headers), reader.keeps_alive


@given(st.lists(answers(), min_size=2, max_size=4, unique=True), st.lists(st.integers(0, 3), min_size=2, max_size=12))
def test_a_known_head_means_what_the_parser_says_of_it(texts: list[bytes], order: list[int]) -> None:
    heads = KnownHeads(1000)
    for number in order:
        data = texts[number % len(texts)]

        assert read(ResponseReader(heads), data) == read(ResponseReader(KnownHeads(1000)), data)
